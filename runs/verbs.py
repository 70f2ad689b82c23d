"""Verbs that start runs: one row each, with everything that differs between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from configs.gates import Gate
from runs.commands import command


class Verb(StrEnum):
    """Verb of a run. The value is the command's name and is stored in journals and reports."""

    MIGRATE = "migrate"
    """Move the plan's indices once, verified."""
    REHEARSE = "rehearse"
    """Do the whole job into prefixed indices, verify and time it, and remove them again."""
    SEED = "seed"
    """Copy what changed since the last round into closed indices on the target."""
    FOLLOW = "follow"
    """Keep the copies in step by the tail, round by round, while the source takes writes."""
    CUTOVER = "cutover"
    """Freeze the source, take the last round, verify it, and open the target."""
    FALLBACK = "fallback"
    """Freeze the target, bring the last of its writes back, prove it, and let the source take writes."""
    PREVIEW = "look"
    """Preview what another verb would do; such a journal is never saved."""

    @property
    def label(self) -> str:
        """Name of a run of this verb for people, such as `Seed round`."""
        return _TRAITS[self].label

    @property
    def command(self) -> str:
        """Command that starts or resumes such a run, with the consent that it always needs."""
        consent = _TRAITS[self].consent
        return command(self, "--execute", *([consent] if consent else []))

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Gates that such a run passes, in order."""
        return _TRAITS[self].gates

    @property
    def is_round(self) -> bool:
        """Whether such runs belong to a seed cycle: the rounds from the first copy to the opening."""
        return _TRAITS[self].is_round

    @property
    def opens(self) -> bool:
        """Whether such runs freeze one domain and open the other: a cutover, and a fallback."""
        return _TRAITS[self].opens

    @property
    def moves_to_stay(self) -> bool:
        """Whether the moved indices stay on the target, along with the registrations they need."""
        return _TRAITS[self].moves_to_stay

    @property
    def way_out(self) -> str:
        """Alternative to resuming an unfinished run, as words that follow the main advice."""
        return _TRAITS[self].way_out


@dataclass(frozen=True)
class _Traits:
    label: str
    consent: str = ""
    gates: tuple[Gate, ...] = ()
    is_round: bool = False
    opens: bool = False
    moves_to_stay: bool = False
    way_out: str = "or start another with --new-run"


_TRAITS: Mapping[Verb, _Traits] = {
    Verb.MIGRATE: _Traits("Migration", gates=("before-snapshot", "before-restore"), moves_to_stay=True),
    Verb.REHEARSE: _Traits(
        "Rehearsal",
        way_out="or remove what it made, using the original plan: snapferry abort PLAN --execute",
    ),
    Verb.SEED: _Traits("Seed round", is_round=True, moves_to_stay=True),
    Verb.FOLLOW: _Traits("Follow", is_round=True, moves_to_stay=True),
    Verb.CUTOVER: _Traits(
        "Cutover",
        consent="--allow-freeze",
        gates=("before-freeze", "before-open"),
        is_round=True,
        opens=True,
        moves_to_stay=True,
        way_out="or roll everything back: snapferry abort PLAN --execute",
    ),
    Verb.FALLBACK: _Traits(
        "Fallback",
        consent="--allow-freeze",
        gates=("before-freeze", "before-open"),
        is_round=True,
        opens=True,
        way_out="or roll everything back: snapferry abort PLAN --execute",
    ),
    Verb.PREVIEW: _Traits("Preview"),
}
