"""What a user chose beside the plan."""

from dataclasses import dataclass, field
from pathlib import Path

from tasks.migration import Consents


@dataclass(frozen=True)
class Options:
    """What a user chose beside the plan.

    Args:
        state: the state folder.
        consents: the risks accepted.
        new_run: start another run although one exists.
    """

    state: Path
    consents: Consents = field(default_factory=Consents)
    new_run: bool = False
