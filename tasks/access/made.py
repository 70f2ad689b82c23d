"""What `snapferry access apply` has made for a plan, in the state folder: written before each change."""

from pathlib import Path

from pydantic import ValidationError

from runs.errors import StateUnusable
from runs.state import State
from runs.state_files import unreadable
from runs.stores.registry import save_state, store_of
from tasks.records.access import AccessState, Made


class MadeFile:
    """The record of a plan's set-up.

    Args:
        state: the plan's state.
    """

    def __init__(self, state: State) -> None:
        self._plan = state.plan_name
        self.path = Path(state.folder) / "access" / f"{state.plan_name}.json"

    def read(self) -> tuple[Made, ...]:
        """Everything that was made, the oldest first; empty without a record.

        Raises:
            StateUnusable: it cannot be read.
        """
        try:
            content = store_of(self.path).read(self.path)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise unreadable(self.path, error) from error
        try:
            return AccessState.model_validate_json(content).made
        except ValidationError as error:
            raise StateUnusable(
                f"{self.path} is not the record of a set-up that this version has written",
                "move it away: what was made is then recognized by its tags and Sids alone",
            ) from error

    def add(self, made: tuple[Made, ...]) -> None:
        """Record what is about to be made; what is recorded already stays as it is."""
        found = self.read()
        new = tuple(each for each in made if not any(_same(each, one) for one in found))
        if new:
            self._write((*found, *new))

    def drop(self, gone: Made) -> None:
        """Forget what is gone."""
        self._write(tuple(each for each in self.read() if not _same(each, gone)))

    def _write(self, made: tuple[Made, ...]) -> None:
        text = AccessState(plan=self._plan, made=made).model_dump_json(indent=2)
        save_state(self.path, text + "\n")


def _same(one: Made, other: Made) -> bool:
    keys = ("kind", "at", "name", "entry", "where")
    return all(getattr(one, key) == getattr(other, key) for key in keys)
