"""What flow runs tell a Prefect server, besides their states."""

from __future__ import annotations

import pytest

from flows.prefect_runtime import server


@pytest.mark.usefixtures("prefect_server")
def test_heartbeats_and_events_are_for_a_server_that_somebody_watches() -> None:
    from prefect.events import emit_event
    from prefect.events.clients import NullEventsClient
    from prefect.events.worker import EventsWorker
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.prefect_runtime.flow_runs import unwatched

    EventsWorker.set_client_override(None)  # which other tests have set
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: 60}):
        with server._marked(temporary=True), unwatched():
            assert PREFECT_FLOWS_HEARTBEAT_FREQUENCY.value() is None
            assert emit_event("snapferry.test", {"prefect.resource.id": "snapferry.test"}) is None
        with server._marked(temporary=False), unwatched():
            assert PREFECT_FLOWS_HEARTBEAT_FREQUENCY.value() == 60
            assert EventsWorker._client_override is None
    EventsWorker.set_client_override(NullEventsClient)
