"""Compare the index templates that apply to the moved names on the source with the target's."""

from collections.abc import Iterable, Iterator, Mapping

from domains.engine import templates as templates_of
from domains.engine.templates import Template, Templates
from domains.errors import DomainError
from domains.http.json_replies import Json, is_object
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Finding
from tasks.selection.select import matches
from tasks.verification.comparison import Comparison


def templates(c: Comparison) -> tuple[Finding, ...]:
    """Report templates that later indices and data streams of these names will lack. Reads only.

    Raises:
        DomainError: transient errors only.
    """
    try:
        source, target = templates_of.templates(c.source), templates_of.templates(c.target)
    except DomainError as error:
        if error.transient:
            raise
        return (Finding(what="template", outcome="not compared", detail=str(error)),)
    return tuple(differing(source, target, c.indices))


def differing(source: Templates, target: Templates, indices: Iterable[SelectedIndex]) -> Iterator[Finding]:
    """One finding per template in force on the source that the target lacks or has with other content."""
    composable, old = set[str](), set[str]()
    for name in {index.stream or index.name for index in indices}:
        fitting = [each for each in source.composable if matches(name, source.composable[each].patterns)]
        if fitting:
            composable.add(max(fitting, key=lambda each: source.composable[each].rank))
        else:
            old |= {each for each in source.old if matches(name, source.old[each].patterns)}
    yield from _lacking("index template", composable, source.composable, target.composable)
    yield from _lacking("legacy index template", old, source.old, target.old)
    composed = {part for name in composable for part in source.composable[name].components}
    yield from _lacking("component template", composed, source.components, target.components)


def _lacking(
    kind: str,
    names: Iterable[str],
    source: Mapping[str, Template | Json],
    target: Mapping[str, Template | Json],
) -> Iterator[Finding]:
    for name in sorted(names):
        if name not in source:
            continue  # a template may name a missing component, and then applies on neither side
        if name not in target:
            yield _finding(name, f"the target lacks this {kind}")
        elif _normal(source[name]) != _normal(target[name]):
            yield _finding(name, f"the target has another {kind} of this name")


def _normal(part: Template | Json) -> object:
    """Normalize for comparison: an older engine renders a legacy template's mapping below its type."""
    if isinstance(part, Template):
        return sorted(part.patterns), part.rank, list(part.components), _normal(part.body)
    mappings: object = part.get("mappings")
    if is_object(mappings) and mappings.keys() == {"_doc"}:
        return part | {"mappings": mappings["_doc"]}
    return part


def _finding(name: str, detail: str) -> Finding:
    return Finding(what="template", outcome="different", place=name, detail=detail)
