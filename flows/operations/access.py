"""The set-up around a plan's two domains: print, compare, complete, take back. Needs no Prefect."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from configs.plan import Plan, S3Repository, Side
from domains.domain import Domain
from runs.state import State
from tasks.access import apply as applying
from tasks.access import removal
from tasks.access.administrator import Administrator, sessions_of
from tasks.access.compare import EVERY_PIECE, compare
from tasks.access.facts import Reader
from tasks.access.made import MadeFile
from tasks.access.model import model_of
from tasks.access.parts import Setting
from tasks.access.usable import wait_for_callers
from tasks.migration import Consents
from tasks.records.access import AccessApplied, AccessDiff, AccessModel, AccessRemoval, Piece, Purpose
from tasks.survey import Survey


@dataclass(frozen=True)
class AccessOptions:
    """What a command about a set-up is called with.

    Args:
        state: the state folder.
        administrator: how the administrator logs in.
        purpose: what the caller is to do.
        callers: ARNs of the users or roles that migrate; empty for those of the plan.
        key: ARN of a KMS key for the bucket; None for the bucket's own encryption.
        only: the pieces to look at.
        allow_ownership: consent to changing the Object Ownership of a bucket that was not made here.
    """

    state: Path
    administrator: Administrator = field(default_factory=Administrator)
    purpose: Purpose = "migrate"
    callers: tuple[str, ...] = ()
    key: str | None = None
    only: frozenset[Piece] = EVERY_PIECE
    allow_ownership: bool = False


def print_model(plan: Plan, options: AccessOptions) -> AccessModel:
    """Everything that the plan requires, to be made by other means. Reads only, and needs no login.

    What cannot be read is assumed, and noted.

    Raises:
        PreconditionError: something has to be named, such as a domain or the caller.
    """
    reader, repository = _reader(plan, options, tolerant=True)
    return _only(model_of(plan, repository, reader.facts(), options.purpose), options.only)


def _only(model: AccessModel, only: frozenset[Piece]) -> AccessModel:
    """The chosen pieces of a model."""
    return model.model_copy(
        update={
            "bucket": model.bucket if Piece.BUCKET in only else None,
            "roles": tuple(role for role in model.roles if role.piece in only),
            "callers": model.callers if Piece.CALLER in only else (),
            "access_control": model.access_control if Piece.ACCESS_CONTROL in only else (),
        }
    )


def _reader(plan: Plan, options: AccessOptions, *, tolerant: bool = False) -> tuple[Reader, S3Repository]:
    own = options.administrator.plan(plan)
    openers: dict[Side, Callable[[], Domain]] = {
        side: partial(options.administrator.open, plan, side) for side in plan.sides
    }
    survey = Survey(own, openers, Consents.assumed(own))
    reader = Reader(
        plan,
        survey,
        options.callers,
        options.key,
        tolerant=tolerant,
        asks_access_control=Piece.ACCESS_CONTROL in options.only,
    )
    return reader, reader.repository


def _setting(plan: Plan, options: AccessOptions) -> Setting:
    """Everything opened and read with the administrator's logins. Reads only."""
    reader, repository = _reader(plan, options)
    own = options.administrator.plan(plan)
    domains: dict[Side, Domain] = {side: reader.survey.domain(side) for side in reader.signed}
    sessions = sessions_of(domain.session for domain in domains.values())
    model = model_of(plan, repository, reader.facts(), options.purpose)
    return Setting(
        plan=own,
        repository=repository,
        model=model,
        domains=domains,
        sessions=sessions,
        recorded=MadeFile(State(options.state, plan.name)),
        allow_ownership=options.allow_ownership,
    )


def diff(plan: Plan, options: AccessOptions) -> AccessDiff:
    """Compare the set-up with what is there. Reads only.

    Raises:
        PreconditionError: the plan has no bucket, or something has to be named.
        SnapferryError: no login can be used, or a domain cannot be asked.
    """
    return compare(_setting(plan, options), options.only)


def apply(plan: Plan, options: AccessOptions) -> AccessApplied:
    """Complete the set-up, and wait until the callers that it made can be used. May be repeated.

    Raises:
        PreconditionError: something is in the way; nothing was changed.
        SetUpStopped: something failed after the first change.
        Busy: another command works on this plan.
        SnapferryError: as in `diff`.
    """
    state = State(options.state, plan.name)
    with state.lock_plan():
        setting = _setting(plan, options)
        done = applying.apply(setting, options.only)
        notes = wait_for_callers(setting, plan, done.made)
        return done.model_copy(update={"notes": (*done.notes, *notes)})


def preview_removal(plan: Plan, options: AccessOptions) -> AccessRemoval:
    """What `remove` would take back. Reads only. Raises as `diff`."""
    return removal.preview(_setting(plan, replace(options, only=EVERY_PIECE)))


def remove(plan: Plan, options: AccessOptions) -> AccessRemoval:
    """Take back what was made for the plan, and nothing else. May be repeated.

    Raises:
        Busy: another command works on this plan.
        SnapferryError: as in `diff`.
    """
    state = State(options.state, plan.name)
    with state.lock_plan():
        return removal.remove(_setting(plan, replace(options, only=EVERY_PIECE)))
