"""Which requests the emulated plugins answer in place of the engine, which lacks them.

Elasticsearch 7.10 has Index State Management and alerting under `_opendistro`. OpenSearch has all four under
`_plugins`, and the two old ones under `_opendistro`, too.
"""

from __future__ import annotations

import json
from urllib.parse import unquote

from lab.door import filter_path
from lab.door.answers import Answer
from lab.door.exchange import Door, Exchange
from lab.plugins import alerting, ism_indices, ism_policies, notifications, sm_policies
from lab.plugins.answers import Refused, no_handler
from lab.plugins.call import Call, Handler, query_of
from lab.plugins.rights import rights_of

OLD: dict[str, dict[str, Handler]] = {
    "_ism": {
        "policies": ism_policies.handle, "add": ism_indices.handle, "remove": ism_indices.handle,
        "change_policy": ism_indices.handle, "retry": ism_indices.handle, "explain": ism_indices.handle,
    },
    "_alerting": {"monitors": alerting.handle, "destinations": alerting.handle},
}  # fmt: skip
NEW: dict[str, dict[str, Handler]] = {
    "_sm": {"policies": sm_policies.handle},
    "_notifications": {"configs": notifications.handle, "channels": notifications.handle},
}
SERVED = {
    "opensearch": {"_plugins": OLD | NEW, "_opendistro": OLD},
    "elasticsearch": {"_opendistro": OLD},
}


async def gate(exchange: Exchange, door: Door) -> Answer | None:
    """Answer a request to an emulated plugin; None for every other request.

    Raises:
        httpx.HTTPError: the engine, which keeps the plugins' documents, cannot be reached.
    """
    received = exchange.received
    parts = [unquote(part) for part in received.path.split("/") if part]
    product = door.settings.engine.partition("-")[0]
    plugin = SERVED[product].get(parts[0], {}).get(parts[1]) if len(parts) > 1 else None
    if plugin is None:
        return None
    handler = plugin.get(parts[2]) if len(parts) > 2 else None
    if handler is None:
        return no_handler(received.method, received.path)
    query = query_of(received)
    try:
        call = Call(door, received, tuple(parts[2:]), query, await rights_of(exchange, door))
        return _filtered(await handler(call), query.get("filter_path", ""))
    except Refused as refused:
        return refused.answer


def _filtered(answer: Answer, asked: str) -> Answer:
    chosen = filter_path.parse(asked)
    if chosen is None:
        return answer
    shown = chosen.applied(json.loads(answer.body))
    return Answer(answer.status, json.dumps(shown).encode(), answer.content_type)
