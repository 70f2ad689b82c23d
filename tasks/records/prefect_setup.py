"""What `snapferry prefect setup` finds on a Prefect server and makes there."""

from enum import StrEnum

from tasks.records.base import Record


class SetupKind(StrEnum):
    """What kind of thing it is."""

    WORK_POOL = "work pool"
    DEPLOYMENT = "deployment"
    AUTOMATION = "automation"


class SetupChange(StrEnum):
    """What has to be done about it, or was done."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"


class SetupItem(Record):
    """One thing on the server.

    Args:
        differs: the keys in which it is not as it should be.
    """

    kind: SetupKind
    name: str
    change: SetupChange
    differs: tuple[str, ...] = ()


class SetupRecord(Record):
    """A server, as it would be set up or was.

    Args:
        server: its address, without a login.
        pool, type: the work pool and its type.
        done: whether it was done; else it is what would be.
        remarks: what the user should know, such as that a state inside a container is lost with it.
    """

    server: str
    pool: str
    type: str
    items: tuple[SetupItem, ...]
    done: bool
    remarks: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[SetupItem, ...]:
        """What is not as it should be."""
        return tuple(item for item in self.items if item.change is not SetupChange.KEEP)
