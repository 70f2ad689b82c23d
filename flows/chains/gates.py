"""Pass a gate: if the plan names it, the run waits there for an approval."""

from collections.abc import Callable

from configs.gates import Gate, GateSettings
from flows.chains.runtime import runtime
from runs.journal import GateEntry
from tasks import gates
from tasks.migration import Migration


def pass_gate(m: Migration, gate: Gate, news: Callable[[], str] = lambda: "") -> bool:
    """Pass the gate; if the plan names it, wait for its approval first.

    Args:
        news: further facts for whoever decides; called again for every progress message.

    Returns:
        Whether there was a wait, so that everything read before may be outdated.

    Raises:
        TimedOut: it was not approved in time, or the flow run was cancelled in Prefect.
        SnapferryError: an approval cannot be read or written; a hook has failed.
    """
    settings = gates.closed_gate(m, gate)
    if settings is None:
        return False
    entry = gates.record_arrival(m, gate, settings)
    before = gates.approver(m, gate, settings)
    gates.record_approval(m, gate, before or _await_approval(m, gate, settings, entry, news))
    return before is None


def _await_approval(
    m: Migration, gate: Gate, settings: GateSettings, entry: GateEntry, news: Callable[[], str]
) -> str:
    with runtime().awaiting(gate, entry) as route:
        return gates.await_approval(m, gate, settings, route, news)
