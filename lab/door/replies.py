"""Replies of the front door's own, and those of the engine that are not sent as they are."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from lab.door.answers import Answer


def own(answer: Answer) -> Response:
    """The answer as a reply."""
    return Response(answer.body, answer.status, {"content-type": answer.content_type, **answer.headers})


async def content(reply: Response) -> bytes:
    """The whole body of a reply that is not sent yet; read from the engine where it is still there."""
    if isinstance(reply, StreamingResponse):
        return b"".join([bytes(chunk) async for chunk in reply.body_iterator])  # type: ignore[arg-type]
    return bytes(reply.body)
