"""What a verification does not prove, for its record. Pure."""

from tasks.verification.comparison import Comparison

_COUNTS = "equal counts do not prove that the documents are the same: one may lack and another be too many"
_UNMARKED = (
    "it is not known how far the source had come before the snapshot: equal figures prove the same documents "
    "only if the target was restored from this source and written to by nobody else"
)
_MARKED = (
    "equal figures up to a mark prove the same documents only if the target was written to by nobody else, "
    "and no operation was rolled back on the source"
)
_CONTENT = "contents, mappings, settings and aliases were not compared: that is level content"
_SAMPLED = "contents were compared of a sample of the documents: those outside of it may have other contents"
_CLOSED = "closed indices are compared by Lucene documents and the last sequence number only, not by contents"


def limits(c: Comparison) -> tuple[str, ...]:
    """A sentence for each limit that this comparison has."""
    opened = [index for index in c.indices if index.open]
    marked = [index for index in opened if c.marks.get(index.name)]
    found: list[str] = []
    if opened and c.settings.level == "counts":
        found.append(_COUNTS)
    elif opened:
        found += [_UNMARKED] if len(marked) < len(opened) else []
        found += [_MARKED] if marked else []
    if len(opened) < len(c.indices):
        found.append(_CLOSED)
    if c.settings.level != "content":
        found.append(_CONTENT)
    elif opened and c.settings.sample < 1:
        found.append(_SAMPLED)
    return tuple(found)
