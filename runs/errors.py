"""Errors that keep a run from starting or resuming."""

from domains.errors import SnapferryError


class Busy(SnapferryError):
    """Another run holds this plan or this pair of domains. Nothing was changed."""


class LockLost(Busy):
    """Another process has taken over the plan, because this one was not heard of for too long."""


class StateUnusable(SnapferryError):
    """The state folder or a journal in it cannot be read or written. Nothing was changed."""


class StateUnreachable(StateUnusable):
    """State in S3 has not answered for a while. The same command continues."""


class PlanChanged(SnapferryError):
    """The plan has changed since an unfinished run began. Nothing was changed."""


class NothingToApprove(SnapferryError):
    """No run waits at this gate or can still reach it. Nothing was changed."""
