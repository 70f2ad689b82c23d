"""The limits of a verification, in words."""

from tasks.records.verification import Limit

_LIMITS = {
    Limit.COUNTS_ONLY: (
        "equal counts do not prove equal documents: one may be missing and another one extra"
    ),
    Limit.NO_MARKS: (
        "the state of the source before the snapshot is unknown: equal figures prove equality only if the "
        "target was restored from this source and nobody else wrote to it"
    ),
    Limit.OTHER_WRITERS: (
        "equal figures up to a mark prove equality only if nobody else wrote to the target and no operation "
        "was rolled back on the source"
    ),
    Limit.CLOSED_INDICES: (
        "closed indices are compared only by Lucene documents and last sequence number, not by contents"
    ),
    Limit.NOT_CONTENT: "contents, mappings, settings and aliases were not compared: that takes level content",
    Limit.RECORD_ONLY: (
        "there was no source to compare with: it is proved that the target has restored every file that the "
        "snapshot holds, not that the snapshot holds all that its domain held; documents were counted on the "
        "target alone; mappings, settings and aliases are as the snapshot has them, and were compared with "
        "nothing"
    ),
    Limit.OPENED: (
        "indices that were closed when the snapshot was taken are open; its record does not tell which"
    ),
    Limit.REPAIRED: (
        "documents were repaired, so the target was not as it had been restored: whatever else was changed "
        "there shows for certain only at level content with all documents (--sample 1)"
    ),
    Limit.SAMPLE_ONLY: ("only a sample of the documents was compared by contents: the others may differ"),
}


def limit(found: Limit) -> str:
    """State what an equal outcome does not prove."""
    return _LIMITS[found]
