"""A client of Prefect's server that gives up soon, for whoever asks again or has other ways."""

from collections.abc import Generator
from contextlib import contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings


@contextmanager
def brief_client(answer_s: float) -> Generator[SyncPrefectClient]:
    """A client for the duration of the block, which repeats nothing.

    Args:
        answer_s: seconds that an answer may take.
    """
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": answer_s}) as client,
    ):
        yield client
