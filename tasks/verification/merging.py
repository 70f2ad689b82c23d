"""Level content's findings taken into the verdicts of the other levels. Pure."""

from collections.abc import Iterable

from tasks.records import DocumentDifference, Outcome, Verdict
from tasks.verification.documents import NAMED
from tasks.verification.records import Contents, IndexContents

_WORST: tuple[Outcome, ...] = ("different", "not compared", "bracketed", "equal")


def with_contents(verdicts: Iterable[Verdict], contents: Contents) -> tuple[Verdict, ...]:
    """The verdicts with what level content has found: an index is equal when all that was compared is."""
    found = {each.target: each for each in contents.indices}
    return tuple(_merged(v, found[v.target]) if v.target in found else v for v in verdicts)


def _merged(verdict: Verdict, contents: IndexContents) -> Verdict:
    outcome = min((verdict.outcome, contents.outcome), key=_WORST.index)
    told = [f"{each.what}: {each.detail}" for each in contents.findings if each.outcome != "equal"]
    if not told and outcome == "equal":
        told = [each.detail for each in contents.findings if each.what == "document"]
    documents, more = _together(verdict, contents)
    detail = "; ".join(part for part in (verdict.detail, *told) if part)
    return verdict.model_copy(
        update={"outcome": outcome, "detail": detail, "documents": documents, "more": more}
    )


def _together(verdict: Verdict, contents: IndexContents) -> tuple[tuple[DocumentDifference, ...], int]:
    """The documents of both, each once: what is known of its content says more than that of its operation."""
    named = {_key(each): each for each in verdict.documents}
    for each in contents.documents:
        before = named.get(_key(each))
        if before is None or before.kind == "other operation":
            named[_key(each)] = each
    documents = tuple(named.values())
    # those that neither names may be the same ones: the larger number is what is known
    unnamed = max(verdict.more, contents.more)
    return documents[:NAMED], unnamed + max(0, len(documents) - NAMED)


def _key(document: DocumentDifference) -> tuple[str, str | None, int | None]:
    return document.id, document.routing, document.shard
