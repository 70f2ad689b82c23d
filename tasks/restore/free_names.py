"""The names on the target that copies get: still free, or freed by deleting what the plan names."""

from collections.abc import Sequence
from contextlib import suppress

from domains.engine import catalog as names_on
from domains.engine.catalog import Catalog
from domains.errors import Missing
from runs.commands import with_options
from runs.step_names import StepName
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.resolution import Unit
from tasks.selection.conflicts import taken_now, uuids


def require_free(m: Migration, units: Sequence[Unit], target: Catalog, own: frozenset[str]) -> None:
    """Check for conflicts again: a name that was free when the run decided may be taken by now. Reads only.

    Args:
        own: names on the target that this migration assigns or deletes.

    Raises:
        ExecutionError: a name has been taken since.
    """
    problems: list[str] = []
    for unit in units:
        taken = taken_now(unit, target, own, aliases=m.plan.restore.aliases)
        problems += [f"{unit.name}: {item.words}" for item in taken if item.blocker not in unit.takes]
    if problems:
        raise ExecutionError(
            "names were taken on the target after this run had checked them: " + "; ".join(problems[:5]),
            "remove them from the target, then run the same command again",
        )


def make_room(m: Migration, unit: Unit, target: Catalog, step: StepName) -> None:
    """Delete what the plan names and a consent allows, just before its name is needed.

    Deletes only what existed at the time of the decision, not something made later under the same name.
    May be repeated.

    Raises:
        ExecutionError: there is no consent, or the index has been made anew since.
    """
    for name, decided in unit.takes.items():
        if name not in target.streams and name not in target.indices:
            continue  # deleted already, by an earlier attempt or by someone else
        if name not in m.consents.allow_delete:
            again = with_options("--allow-delete", name)
            raise ExecutionError(
                f"deleting {name} on the target needs --allow-delete {name}",
                f"run the same command again with that option{f': `{again}`' if again else ''}",
            )
        if uuids(name, target) != decided:
            raise ExecutionError(
                f"{name} on the target is not the one that was to be deleted: it has been recreated since",
                "check what it holds and remove it from the target yourself, then run the same command again",
            )
        stream = name in target.streams
        with (
            suppress(Missing),
            m.journal.intend(step, "target", "delete", {"name": name, "uuid": decided, "stream": stream}),
        ):
            names_on.delete(m.target, name, stream=stream)


def deleted_names(m: Migration, step: StepName) -> tuple[str, ...]:
    """The names that this step of the run has deleted on the target, each once."""
    found = (intent for intent in m.journal.intents("delete") if intent.step == step)
    return tuple(dict.fromkeys(intent.detail["name"] for intent in found if intent.result == "sent"))
