"""Complete a set-up: look, record what will be made, send it once, and look again until it is there.

May be repeated, and resumed after a kill at any point: what is there is not made again.
"""

from collections.abc import Collection
from dataclasses import replace

from domains.errors import AwsError, SnapferryError, is_transient
from runs.progress import Poll, Progress, report_progress
from tasks.access.compare import EVERY_PIECE, compare, looked, parts_of
from tasks.access.parts import Change, Found, Part, Setting
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.records.access import AccessApplied, MadeKind, PartRecord, Piece

NEW_IDENTITY_S = 60.0
"""For how long a new role or policy may not be seen everywhere (IAM is eventually consistent)."""
_BETWEEN_S = 2.0
_STEP = "access"
_NO_SUCH_PRINCIPAL = {"MalformedPolicy", "MalformedPolicyDocument", "MalformedPolicyDocumentException"}
"""What S3, IAM and KMS answer to a policy that names a role which they do not see yet."""
_AGAIN = "run the same command again: it continues with what is missing"


class SetUpStopped(ExecutionError):
    """A set-up ended early, after it had made something.

    Args:
        made: the parts that were completed.
    """

    def __init__(self, cause: SnapferryError, made: tuple[PartRecord, ...]) -> None:
        super().__init__(cause.message, cause.hint or _AGAIN)
        self.made = made
        self.passing = isinstance(cause, TimedOut) or is_transient(cause)


def apply(setting: Setting, only: Collection[Piece] = EVERY_PIECE) -> AccessApplied:
    """Make what is missing of a set-up. Nothing of anybody else is replaced.

    Raises:
        PreconditionError: something is in the way, or could not be read; nothing was changed.
        SetUpStopped: something failed after the first change.
        SnapferryError: something failed before it.
    """
    require_possible(setting, only)
    made: list[PartRecord] = []
    there = 0
    work = _Work(setting)
    for part in parts_of(setting, only):
        try:
            record = work.complete(part)
        except SnapferryError as error:
            if work.has_sent or made:
                raise SetUpStopped(error, tuple(made)) from error
            raise
        if record:
            made.append(record)
            report_progress(Progress(_STEP, f"made: {part.what} {part.name} ({part.at})", finished=True))
        else:
            there += 1
    return AccessApplied(plan=setting.plan.name, made=tuple(made), there=there, notes=setting.model.notes)


def require_possible(setting: Setting, only: Collection[Piece] = EVERY_PIECE) -> None:
    """Refuse if any part cannot be completed. Reads only.

    Raises:
        PreconditionError: it lists every such part.
    """
    found = compare(setting, only).of("refused", "unknown")
    if found:
        raise PreconditionError(
            "the set-up cannot be completed; nothing was changed",
            problems=tuple(_problem(part) for part in found),
            hint=found[0].hint or "put that right, then run the same command again",
        )


def _problem(part: PartRecord) -> str:
    told = "could not tell: " if part.status == "unknown" else ""
    return f"{part.what} {part.name} ({part.at}): {told}{part.detail}"


class _Work:
    """One session of work on a set-up: what it has sent so far."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._new_roles = False
        self.has_sent = False

    def complete(self, part: Part) -> PartRecord | None:
        """Make a part unless it is there; return what was made.

        Raises:
            SnapferryError: it could not be made, or is not seen after a minute.
        """
        others = part.others()
        first = looked(part)
        if first.status in ("there", "none"):
            return None
        self._setting.recorded.add(first.makes)
        self._make(part, first)
        _require_others(part, others)
        self._new_roles |= any(each.kind is MadeKind.ROLE for each in first.makes)
        return part.record(first) if first.changes else None

    def _make(self, part: Part, found: Found) -> None:
        """Send the changes of a part, each set of them once, and look until it is there."""
        poll, sent = self._setting.poll(NEW_IDENTITY_S), tuple[Change, ...]()
        refusal: AwsError | None = None
        while found.status != "there":
            if found.status in ("refused", "unknown"):
                raise ExecutionError(f"{part.what} {part.name}: {found.detail}", found.hint or _AGAIN)
            if found.changes != sent:
                refusal, found = self._send(part, found)
                sent = found.changes if refusal is None else ()
            if found.status != "there":
                if poll.expired:
                    raise _not_seen(part, found, refusal)
                _wait(poll, part, refusal)
                found = looked(part)

    def _send(self, part: Part, found: Found) -> tuple[AwsError | None, Found]:
        """Send the changes, and look; what took effect although its reply was lost is not sent again.

        Returns:
            The refusal of a policy that names a role which was made just now; what was found afterwards. Its
            changes are those that were sent, so that they are not sent again.
        """
        for change in found.changes:
            self.has_sent = True
            try:
                self._setting.send(change)
            except SnapferryError as error:
                now = looked(part)
                if now.status == "there":
                    return None, now
                if now.changes and now.changes != found.changes:
                    return self._send(part, now)
                if self._new_roles and isinstance(error, AwsError) and error.code in _NO_SUCH_PRINCIPAL:
                    return error, now
                raise
        return None, replace(looked(part), changes=found.changes)


def _wait(poll: Poll, part: Part, refusal: AwsError | None) -> None:
    why = f": {refusal.message}" if refusal else ""
    message = (
        "waiting: what was made just now takes up to a minute to be seen everywhere in AWS; looking again "
        f"for {part.what} {part.name}{why}"
    )
    report_progress(Progress(part.what, message, waiting=True))
    poll.sleep(_BETWEEN_S)


def _not_seen(part: Part, found: Found, refusal: AwsError | None) -> SnapferryError:
    said = refusal.message if refusal else found.detail
    return TimedOut(
        f"{part.what} {part.name} ({part.at}) is not there after {NEW_IDENTITY_S:.0f} s: {said}", _AGAIN
    )


def _require_others(part: Part, before: frozenset[str]) -> None:
    """Confirm that what somebody else had put there is still there: nothing can be changed conditionally."""
    lost = before - part.others()
    if lost:
        raise ExecutionError(
            f"{part.what} {part.name} ({part.at}) lacks what it had a moment ago, for somebody changed it at "
            f"the same time: {' and '.join(sorted(lost))}",
            "put that back by hand",
        )
