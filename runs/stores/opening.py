"""Open the place that holds the state: a folder, or an address in S3. What imports this imports boto3."""

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from configs.state import StateSettings
from runs.errors import StateUnusable
from runs.state_files import make_folder, replace_file
from runs.stores.registry import IN_S3, opened_store, use_store
from runs.stores.s3_objects import PATIENCE_S, S3Objects
from runs.stores.shared import SharedStore


def settings_of(address: str, planned: StateSettings | None) -> StateSettings:
    """How to reach this address: as the plan says, if it names the same one.

    Raises:
        StateUnusable: it is not the address of a state.
    """
    try:
        named = StateSettings.model_validate({"address": address})
    except ValidationError as error:
        said = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise StateUnusable(
            f"{address} is not the address of a state: {said}", "correct --state, or SNAPFERRY_STATE"
        ) from None
    return planned if planned and planned.address == named.address else named


def open_shared(settings: StateSettings, local: Path, patience_s: float = PATIENCE_S) -> Path:
    """Open a state in S3 for this process, and return the folder whose paths name its files.

    Args:
        local: the folder in which this machine keeps logs and lock files.
        patience_s: how long an answer of S3 is waited for.

    Raises:
        AwsError: there are no credentials.
    """
    folder = local / "shared" / settings.bucket / settings.prefix
    if opened_store(folder):
        return folder
    _mark(folder, settings.address)
    lease_s = settings.lease.total_seconds()
    objects = S3Objects(settings, patience_s)
    renewing = objects.with_patience(min(patience_s, lease_s / 4))
    use_store(folder, SharedStore(folder, objects, renewing, settings))
    return folder


def _mark(folder: Path, address: str) -> None:
    """Note in the folder what it is; where that cannot be, it is no state all the same."""
    with suppress(OSError):
        make_folder(folder)
        if not (folder / IN_S3).exists():
            replace_file(folder / IN_S3, f"{address}\n")
