"""What a verification proves, and what it does not, in words."""

from tasks.records.verification import Limit

_LIMITS = {
    Limit.COUNTS_ONLY: (
        "equal counts do not prove that the documents are the same: one may lack and another be too many"
    ),
    Limit.NO_MARKS: (
        "it is not known how far the source had come before the snapshot: equal figures prove the same "
        "documents only if the target was restored from this source and written to by nobody else"
    ),
    Limit.OTHER_WRITERS: (
        "equal figures up to a mark prove the same documents only if the target was written to by nobody "
        "else, and no operation was rolled back on the source"
    ),
    Limit.CLOSED_INDICES: (
        "closed indices are compared by Lucene documents and the last sequence number only, not by contents"
    ),
    Limit.NOT_CONTENT: "contents, mappings, settings and aliases were not compared: that is level content",
    Limit.SAMPLE_ONLY: (
        "contents were compared of a sample of the documents: those outside of it may have other contents"
    ),
}


def limit(found: Limit) -> str:
    """What an equal outcome does not prove."""
    return _LIMITS[found]
