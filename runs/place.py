"""Which place holds the state: what the command names, else the plan, else the environment, else a folder."""

from pathlib import Path

from configs.state import StateSettings, is_shared
from runs.state import default_folder, named_address, require_place


def local_folder(named: str | None) -> Path:
    """Return the folder in which this machine keeps what belongs to it alone, wherever the state is.

    Raises:
        StateUnusable: there is none.
    """
    return require_place(default_folder() if named is None or is_shared(named) else Path(named))


def state_place(named: str | None, planned: StateSettings | None = None) -> Path:
    """Return the folder whose paths name the files of the state, and open what is in S3.

    Args:
        named: a folder, or an address in S3; None where the user has named none.
        planned: what the plan says; it also says how to reach an address that is named.

    Raises:
        StateUnusable: there is no such place.
        AwsError: it is in S3, and there are no credentials.
    """
    address = named if named is not None else "" if planned else named_address()
    if not is_shared(address) and (named is not None or planned is None):
        return local_folder(named)
    from runs.stores.opening import open_shared, settings_of

    settings = settings_of(address, planned) if address else planned
    assert settings
    return open_shared(settings, require_place(default_folder()))
