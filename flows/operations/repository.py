"""`snapferry repository`: list, register, verify and remove the repositories of one domain."""

from collections.abc import Sequence

from flows.operations.operation import Place, Prepare, open_operation
from tasks.operations import registering, repositories
from tasks.operations.registering import RegistrationWanted
from tasks.records.operations import NamesOutcome, Registered, RepositoryList, Verified


def list_repositories(place: Place) -> RepositoryList:
    """List every registration on the domain. Reads only."""
    return repositories.list_repositories(open_operation(place))


def register(wanted: RegistrationWanted) -> Prepare[Registered]:
    """Register a repository and have every node verify it."""
    return lambda op: registering.prepare_register(op, wanted)


def verify(name: str) -> Prepare[Verified]:
    """Have every node verify a repository."""
    return lambda op: repositories.prepare_verify(op, name)


def remove(name: str, allowed: Sequence[str]) -> Prepare[NamesOutcome]:
    """Remove a registration."""
    return lambda op: repositories.prepare_remove(op, name, allowed)
