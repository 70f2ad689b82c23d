"""Compare a plan's set-up with what is there, part by part. Reads only."""

from collections.abc import Collection, Iterator

from domains.errors import SnapferryError
from tasks.access.access_control_parts import access_control_parts
from tasks.access.bucket_parts import bucket_parts, shared_bucket_parts
from tasks.access.caller_parts import caller_parts
from tasks.access.parts import Found, Part, Setting
from tasks.access.role_parts import role_parts
from tasks.records.access import AccessDiff, Piece

EVERY_PIECE = frozenset(Piece)


def parts_of(setting: Setting, only: Collection[Piece] = EVERY_PIECE) -> tuple[Part, ...]:
    """The parts of these pieces, in the order in which they can be made."""
    return tuple(part for part in _every_part(setting) if part.piece in only)


def _every_part(setting: Setting) -> Iterator[Part]:
    model = setting.model
    if model.bucket:
        yield from bucket_parts(setting, model.bucket)
    for role in model.roles:
        yield from role_parts(setting, role)
    if model.bucket:
        yield from shared_bucket_parts(setting, model.bucket)
    for caller in model.callers:
        yield from caller_parts(setting, caller)
    for wanted in model.access_control:
        yield from access_control_parts(setting, wanted)


def looked(part: Part) -> Found:
    """What is there of a part; `unknown` where it cannot be read, which is never taken to be there."""
    try:
        return part.look()
    except SnapferryError as error:
        return Found("unknown", error.message, error.hint)


def compare(setting: Setting, only: Collection[Piece] = EVERY_PIECE) -> AccessDiff:
    """Compare the set-up's pieces with what is there. Reads only; a part that cannot be read is unknown."""
    return AccessDiff(
        plan=setting.plan.name,
        purpose=setting.model.purpose,
        parts=tuple(part.record(looked(part)) for part in parts_of(setting, only)),
        notes=setting.model.notes,
    )
