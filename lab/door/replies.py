"""The front door's own replies, and engine replies that it changes."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from lab.door.answers import Answer


def own(answer: Answer) -> Response:
    """Turn an answer into a reply."""
    return Response(answer.body, answer.status, {"content-type": answer.content_type, **answer.headers})


async def content(reply: Response) -> bytes:
    """Read the whole body of a reply that is not sent yet."""
    if isinstance(reply, StreamingResponse):
        return b"".join([bytes(chunk) async for chunk in reply.body_iterator])  # type: ignore[arg-type]
    return bytes(reply.body)
