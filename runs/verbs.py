"""The verbs that start runs, and everything that differs between them: one row each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from configs.gates import Gate


class Verb(StrEnum):
    """What a run does. The value is the command's name; journals and reports keep it."""

    MIGRATE = "migrate"
    """Move the plan's indices once, verified."""
    REHEARSE = "rehearse"
    """Do the whole job into prefixed indices, verify and time it, and remove them again."""
    SEED = "seed"
    """Copy what changed since the last round into closed indices on the target."""
    CUTOVER = "cutover"
    """Freeze the source, take the last round, verify it, and open the target."""
    PREVIEW = "look"
    """Read what one of the others would do; such a journal is never written."""

    @property
    def label(self) -> str:
        """What people call a run of this verb, as `Seed round`."""
        return _TRAITS[self].label

    @property
    def command(self) -> str:
        """The command that starts or resumes a run of it, with the consent that it always needs."""
        consent = _TRAITS[self].consent
        return f"snapferry {self} PLAN --execute{f' {consent}' if consent else ''}"

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates that a run of it passes, in their order."""
        return _TRAITS[self].gates

    @property
    def is_round(self) -> bool:
        """Whether its runs belong to a seed cycle: the rounds from the first copy to the opening."""
        return _TRAITS[self].is_round

    @property
    def moves_to_stay(self) -> bool:
        """Whether what it moves stays on the target, and with it the registrations that it needs."""
        return _TRAITS[self].moves_to_stay

    @property
    def way_out(self) -> str:
        """What can be done other than resuming an unfinished run: words that follow a first advice."""
        return _TRAITS[self].way_out


@dataclass(frozen=True)
class _Traits:
    label: str
    consent: str = ""
    gates: tuple[Gate, ...] = ()
    is_round: bool = False
    moves_to_stay: bool = False
    way_out: str = "or start another with --new-run"


_TRAITS: Mapping[Verb, _Traits] = {
    Verb.MIGRATE: _Traits("Migration", gates=("before-snapshot", "before-restore"), moves_to_stay=True),
    Verb.REHEARSE: _Traits(
        "Rehearsal",
        way_out="or with the plan as it was remove what it made: snapferry abort PLAN --execute",
    ),
    Verb.SEED: _Traits("Seed round", is_round=True, moves_to_stay=True),
    Verb.CUTOVER: _Traits(
        "Cutover",
        consent="--allow-freeze",
        gates=("before-freeze", "before-open"),
        is_round=True,
        moves_to_stay=True,
        way_out="or roll everything back: snapferry abort PLAN --execute",
    ),
    Verb.PREVIEW: _Traits("Preview"),
}
