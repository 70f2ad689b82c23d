"""Pause a domain's automated snapshots through the control plane.

Source: AWS API reference, UpdateDomainConfig, DescribeDomain and AutomatedSnapshotPauseOptions: a pause has a
start and an end, and lasts at most three days.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import boto3

from domains.aws.session import DEFAULT_TIMEOUTS, call_aws, control_plane_of
from domains.errors import AwsError
from domains.http.documented import documented_by_aws
from domains.http.json_replies import Json, child

LONGEST = timedelta(days=3)
"""The longest pause that the service accepts."""
_OPTIONS = "AutomatedSnapshotPauseOptions"
_OVER = {"Completed", "Disabled"}


@dataclass(frozen=True)
class Pause:
    """A pause of the automated snapshots: active or scheduled.

    Args:
        starts, ends: UTC, to the second; None where the control plane does not say.
    """

    starts: datetime | None
    ends: datetime | None

    def covers(self, begin: datetime, end: datetime) -> bool:
        """Whether the pause lasts from `begin` to `end`."""
        return (self.starts is None or self.starts <= begin) and self.ends is not None and self.ends >= end


@documented_by_aws
def pause_of(session: boto3.Session, name: str, region: str | None = None) -> Pause | None:
    """Read the domain's current pause; None when there is none or it is over. Reads only.

    Args:
        region: the domain's Region; None for the session's.

    Raises:
        AwsError: the caller may not read it (`es:DescribeDomain`), there is no such domain, or the control
            plane cannot be reached.
    """
    client = control_plane_of(session, region, DEFAULT_TIMEOUTS)
    reply = call_aws(
        f"describe domain {name}",
        lambda: client.describe_domain(DomainName=name),
        f"es:DescribeDomain on {name}",
    )
    return _pause(child(reply["DomainStatus"], _OPTIONS), _now())


@documented_by_aws
def pause(session: boto3.Session, name: str, until: datetime, region: str | None = None) -> Pause:
    """Pause the domain's automated snapshots from now on; return the resulting pause.

    A pause that already lasts until then stays as it is. A shorter one is replaced: record `pause_of` first,
    so that `resume` can restore it. May be repeated. A snapshot that has already started is not interrupted.

    Args:
        until: with a time zone, in the future and at most `LONGEST` from now; rounded down to seconds.
        region: as in `pause_of`.

    Raises:
        AwsError: the caller may not do this (`es:UpdateDomainConfig`), or the control plane refused it,
            ignored it or cannot be reached. Unless it was refused, check whether the pause was set.
    """
    now, until = _now(), _second(until)
    if not now < until <= now + LONGEST:
        raise AwsError(
            f"could not pause the automated snapshots of {name} until {until.isoformat()}",
            f"a pause lasts at most {LONGEST.days} days: plan a shorter window",
        )
    found = pause_of(session, name, region)
    if found is not None and found.covers(now, until):
        return found
    taken = _set(session, name, {"Enabled": True, "StartTime": now, "EndTime": until}, region)
    if taken is None or not taken.covers(_now(), until):
        raise AwsError(
            f"the control plane accepted the pause of {name}'s automated snapshots, but does not show it",
            "check the domain's configuration in the console; the migration can wait for them instead",
        )
    return taken


@documented_by_aws
def resume(
    session: boto3.Session,
    name: str,
    until: datetime,
    before: Pause | None = None,
    region: str | None = None,
) -> Pause | None:
    """End the pause that `pause` set and restore the previous one; return the resulting pause.

    A pause that ends at another time than ours was set by somebody else and is left alone; so is one that is
    already over. May be repeated.

    Args:
        until: the end that `pause` was given.
        before: the result of `pause_of` before that; not restored if it is over by now.
        region: as in `pause_of`.

    Raises:
        AwsError: as in `pause`. Our pause then ends by itself at `until`.
    """
    found = pause_of(session, name, region)
    if found is None or found.ends != _second(until) or found == before:
        return found
    now = _now()
    if before is None or (before.ends is not None and before.ends <= now):
        return _set(session, name, {"Enabled": False}, region)
    options: Json = {"Enabled": True}
    if before.starts is not None:
        options["StartTime"] = max(before.starts, now)
    if before.ends is not None:
        options["EndTime"] = before.ends
    return _set(session, name, options, region)


def _set(session: boto3.Session, name: str, options: Json, region: str | None) -> Pause | None:
    """Set these options; return the pause that the reply confirms."""
    client = control_plane_of(session, region, DEFAULT_TIMEOUTS)
    reply = call_aws(
        f"{'pause' if options['Enabled'] else 'resume'} the automated snapshots of {name}",
        lambda: client.update_domain_config(DomainName=name, **{_OPTIONS: options}),
        f"es:UpdateDomainConfig on {name}",
    )
    return _pause(child(child(reply["DomainConfig"], _OPTIONS), "Options"), _now())


def _pause(told: Json, now: datetime) -> Pause | None:
    if not told.get("Enabled") or told.get("State") in _OVER:
        return None
    found = Pause(_told(told, "StartTime"), _told(told, "EndTime"))
    return None if found.ends is not None and found.ends <= now else found


def _told(told: Json, name: str) -> datetime | None:
    value = told.get(name)
    return _second(value) if isinstance(value, datetime) else None


def _second(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(microsecond=0)


def _now() -> datetime:
    return _second(datetime.now(UTC))
