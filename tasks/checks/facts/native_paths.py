"""Facts about the service's own replication and upgrades of a side's domain."""

from domains.aws import replication as replications
from domains.aws import upgrades
from domains.aws.replication import Replication
from domains.aws.upgrades import CloneUpgrade
from domains.domain import Side
from tasks.checks.facts import domains
from tasks.survey import Inapplicable, Survey, Unlooked


def replication(survey: Survey, side: Side) -> Replication:
    """Read the side's part in replication.

    Raises:
        Inapplicable: its requests are not signed, so that there is no control plane.
        Unlooked: the control plane does not know the domain.
        AwsError: it could not be read.
    """
    name = _name(survey, side)
    return survey.once(
        ("replication", side), lambda: replications.replication(survey.domain(side).session, name)
    )


def clone_upgrade(survey: Survey, side: Side) -> CloneUpgrade | None:
    """Read the side's clone upgrade; None without one.

    Raises:
        as `replication`.
    """
    name = _name(survey, side)
    return survey.once(
        ("clone upgrade", side), lambda: upgrades.clone_upgrade(survey.domain(side).session, name)
    )


def _name(survey: Survey, side: Side) -> str:
    if not domains.signed(survey, side):
        raise Inapplicable("its requests are not signed, so no control plane is queried")
    status = domains.status(survey, side)
    if status is None:
        raise Unlooked("the control plane does not know the domain, see domains.processing")
    return status.name
