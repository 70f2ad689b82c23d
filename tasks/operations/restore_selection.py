"""Which indices of a snapshot are restored, and under which names: exact lists of names. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from configs.values.names import LONGEST_INDEX, check_index_name
from domains.engine.snapshots import SnapshotInfo
from tasks.selection.select import matches
from tasks.selection.system_indices import system_indices_of

_GENERATION = r"-(?:\d{4}\.\d{2}\.\d{2}-)?\d{6,}"  # how names of backing indices end
_SECURITY = (".opendistro_security*", ".opensearch_security*")


@dataclass(frozen=True)
class RenameRule:
    """A rename: `OLD=NEW`, each with at most one `*`, which stands for the same text on both sides."""

    old: str
    new: str

    def applied(self, name: str) -> str | None:
        """The new name; None if the rule does not fit this one."""
        before, star, after = self.old.partition("*")
        if not star:
            return self.new if name == self.old else None
        fits = name.startswith(before) and name.endswith(after) and len(name) >= len(before) + len(after)
        return self.new.replace("*", name[len(before) : len(name) - len(after)]) if fits else None

    @property
    def for_engine(self) -> tuple[str, str]:
        """`rename_pattern` and `rename_replacement`, anchored: the engine replaces anywhere in a name."""
        before, star, after = self.old.partition("*")
        pattern = f"^{_quoted(before)}(.*){_quoted(after)}$" if star else f"^{_quoted(before)}$"
        first, starred, last = self.new.partition("*")
        return pattern, f"{_literal(first)}{'$1' if starred else ''}{_literal(last)}"

    def for_stream(self, name: str) -> tuple[str, str]:
        """The same for a data stream: the engine matches its name, and its indices without `.ds-`."""
        return f"^{_quoted(name)}({_GENERATION})?$", f"{_literal(self.applied(name) or name)}$1"


def _quoted(text: str) -> str:
    return f"\\Q{text}\\E" if text else ""  # no name has a backslash


def _literal(replacement: str) -> str:
    return replacement.replace("\\", "\\\\").replace("$", "\\$")


@dataclass(frozen=True)
class RestoreUnit:
    """An index, or a data stream with its backing indices, as it is restored.

    Args:
        name, target: in the snapshot, and on the domain.
        indices: names of the indices in the snapshot, each with its name on the domain.
        rule: the rename that gives it another name.
    """

    name: str
    target: str
    indices: dict[str, str]
    is_stream: bool = False
    rule: RenameRule | None = None


@dataclass(frozen=True)
class Chosen:
    """What is restored.

    Args:
        system: system indices that are left out.
        problems: why it cannot be restored as it is asked for.
    """

    units: tuple[RestoreUnit, ...] = ()
    system: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default_factory=tuple[str, ...])


def choose(
    found: SnapshotInfo, names: Sequence[str], rules: Sequence[RenameRule], *, everything: bool
) -> Chosen:
    """Resolve names and patterns against the snapshot's own list.

    Args:
        names: exact names and patterns; system indices are restored by their exact names only.
        everything: all but the system indices.
    """
    streams = {name: backing_in(found, name) for name in found.data_streams}
    backing = {index for each in streams.values() for index in each}
    known = [*streams, *(name for name in found.indices if name not in backing)]
    wanted = ["*"] if everything else [*names]
    picked = [name for name in known if matches(name, wanted) and _may_move(name, wanted)]
    picked += [name for name in wanted if name in backing and name not in picked]  # alone, by its exact name
    system = tuple(n for n in known if matches(n, wanted) and n not in picked and system_indices_of(n))
    units = tuple(_unit(name, streams.get(name), rules) for name in picked)
    problems = (
        *_unmatched(wanted, (*known, *backing), everything=everything),
        *_of_security(picked),
        *_of_rules(rules, picked),
        *_of_names(units),
        *([] if units else ["nothing of the snapshot is selected"]),
    )
    return Chosen(units, system, problems)


def backing_in(found: SnapshotInfo, stream: str) -> tuple[str, ...]:
    """The backing indices of a data stream that a snapshot holds, by their names."""
    pattern = re.compile(re.escape(f".ds-{stream}") + _GENERATION)
    return tuple(name for name in found.indices if pattern.fullmatch(name))


def _may_move(name: str, wanted: Sequence[str]) -> bool:
    return system_indices_of(name) is None or name in wanted


def _unit(name: str, backing: Sequence[str] | None, rules: Sequence[RenameRule]) -> RestoreUnit:
    rule = next((rule for rule in rules if rule.applied(name) is not None), None)
    target = (rule.applied(name) if rule else None) or name
    if backing is None:
        return RestoreUnit(name, target, {name: target}, rule=rule)
    prefix = len(f".ds-{name}")
    indices = {index: f".ds-{target}{index[prefix:]}" for index in backing}
    return RestoreUnit(name, target, indices, is_stream=True, rule=rule)


def _unmatched(wanted: Sequence[str], known: Sequence[str], *, everything: bool) -> Iterator[str]:
    for each in wanted if not everything else ():
        if any(matches(name, [each]) for name in known):
            continue
        close = get_close_matches(each, known, n=1, cutoff=0.6)
        meant = f"; did you mean {close[0]}?" if close else ""
        yield f"the snapshot holds nothing that {each} fits{meant}"


def _of_security(picked: Sequence[str]) -> Iterator[str]:
    for name in picked:
        if matches(name, _SECURITY):
            yield f"{name} holds users and roles: the service refuses to restore it, whoever asks"


def _of_rules(rules: Sequence[RenameRule], picked: Sequence[str]) -> Iterator[str]:
    for rule in rules:
        if not any(rule.applied(name) is not None for name in picked):
            yield f"--rename {rule.old}={rule.new} fits nothing that is restored"


def _of_names(units: Sequence[RestoreUnit]) -> Iterator[str]:
    targets = Counter(target for unit in units for target in {unit.target, *unit.indices.values()})
    for name, times in targets.items():
        if times > 1:
            sources = ", ".join(unit.name for unit in units if unit.target == name)
            yield f"{sources}: would all be called {name}; restore them one after the other, or rename them"
    for unit in units:
        if unit.rule and (why := _bad_name(unit.target)):
            yield f"{unit.name}: cannot be called {unit.target!r}: {why}"


def _bad_name(name: str) -> str:
    try:
        check_index_name(name)
    except ValueError as error:
        return str(error)
    return f"it is longer than {LONGEST_INDEX} bytes" if len(name.encode()) > LONGEST_INDEX else ""


def batches(units: Sequence[RestoreUnit], size: int) -> Iterator[list[RestoreUnit]]:
    """Split the units so that one request can express each batch: one rename, or a renamed stream alone."""
    rules = list(dict.fromkeys(unit.rule for unit in units))
    for rule in rules:
        alike = [unit for unit in units if unit.rule == rule and not (rule and unit.is_stream)]
        yield from (alike[start : start + size] for start in range(0, len(alike), size))
    yield from ([unit] for unit in units if unit.rule and unit.is_stream)


def rename_of(batch: Sequence[RestoreUnit]) -> tuple[str, str] | None:
    """`rename_pattern` and `rename_replacement` of a batch; None if it is not renamed."""
    first = batch[0]
    if first.rule is None:
        return None
    return first.rule.for_stream(first.name) if first.is_stream else first.rule.for_engine
