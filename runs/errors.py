"""Why a run may not start or go on."""

from domains.errors import SnapferryError


class Busy(SnapferryError):
    """Another run holds this plan or this pair of domains. Nothing was changed."""


class StateUnusable(SnapferryError):
    """The state folder or a journal in it cannot be read or written. Nothing was changed."""


class PlanChanged(SnapferryError):
    """The plan differs from the one that an unfinished run began with. Nothing was changed."""


class NothingToApprove(SnapferryError):
    """No run waits at this gate, or may come to it. Nothing was changed."""
