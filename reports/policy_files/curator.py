"""Curator's files: `curator.yml` as in the AWS guide, and its actions. For Curator 5.8."""

import re
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from configs.auth import BasicAuth, SigV4Auth
from configs.plan import DomainSettings
from reports.policy_files.mark import made_by
from reports.policy_files.text import yaml_text
from tasks.records.policies import Keep, WantedPolicy

CLIENT, ACTIONS = "curator.yml", "actions.yml"
PASSWORD = "CURATOR_PASSWORD"
"""The environment variable with the password of basic authentication; Curator puts it in by itself."""
_TIMEOUT_S = 120
_MAX_WAIT_S = 21_600
_DATE = "%Y-%m-%d-%H-%M-%S"
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SYSTEM = (".kibana*", ".opendistro*", ".opensearch*")


def curator_files(wanted: WantedPolicy, domain: DomainSettings, endpoint: str) -> dict[str, str]:
    """Both files, by name.

    Args:
        endpoint: the domain's URL.
    """
    return {
        CLIENT: made_by(wanted) + yaml_text(_client(domain, endpoint)),
        ACTIONS: made_by(wanted) + yaml_text(_actions(wanted)),
    }


def curator_command(folder: str) -> str:
    """The command that carries out the actions; with `--dry-run` after its first word it only says what."""
    files = (f"{folder}/{name}" for name in (CLIENT, ACTIONS))
    return f"curator --config {' '.join(shlex.quote(each) for each in files)}"


def crontab_line(wanted: WantedPolicy, folder: str) -> str:
    """The line by which cron runs the actions, in the time zone of the machine."""
    return f"{wanted.schedule} {curator_command(folder)}".replace("%", r"\%")


def _client(domain: DomainSettings, endpoint: str) -> dict[str, Any]:
    url = urlsplit(endpoint)
    secure = url.scheme == "https"
    client: dict[str, Any] = {
        "hosts": url.hostname,
        "port": url.port or (443 if secure else 80),
        "use_ssl": secure,
    }
    if isinstance(domain.auth, SigV4Auth):
        client |= {"aws_region": domain.region, "aws_sign_request": True}
    if isinstance(domain.auth, BasicAuth):
        client |= {"username": domain.auth.username, "password": f"${{{PASSWORD}}}"}
    if domain.ca_bundle:
        client["certificate"] = domain.ca_bundle
    client |= {"ssl_no_validate": False, "timeout": _TIMEOUT_S}
    return {"client": client, "logging": {"loglevel": "INFO"}}


def _actions(wanted: WantedPolicy) -> dict[str, Any]:
    actions = [_snapshot(wanted), *_deletions(wanted)]
    return {"actions": dict(enumerate(actions, 1))}


def _snapshot(wanted: WantedPolicy) -> dict[str, Any]:
    options = {
        "repository": wanted.repository,
        "name": f"{wanted.name}-{_DATE}",
        "ignore_unavailable": False,
        "include_global_state": False,
        "partial": False,
        "wait_for_completion": True,
        "max_wait": _MAX_WAIT_S,
        "wait_interval": 10,
        "skip_repo_fs_check": True,
    }
    filters = [_pattern(wanted.indices, exclude=False)]
    exclude = (*wanted.exclude, *(_SYSTEM if any(each.startswith("*") for each in wanted.indices) else ()))
    filters += [_pattern(exclude, exclude=True)] if exclude else []
    described = f"A snapshot of the indices of the plan {wanted.plan}."
    return {"action": "snapshot", "description": described, "options": options, "filters": filters}


def _deletions(wanted: WantedPolicy) -> Iterator[dict[str, Any]]:
    """One action for what is too old, one for what is too much: Curator deletes only what passes all
    filters."""
    keep = wanted.keep
    if keep is None:
        return
    if keep.age is not None:
        yield _deletion(wanted, f"Snapshots older than {keep.age}.", [_newest(keep.at_least), _older(keep)])
    if keep.count is not None:
        yield _deletion(wanted, f"All but the latest {keep.count} snapshots.", [_newest(keep.count)])


def _deletion(wanted: WantedPolicy, described: str, filters: list[dict[str, Any]]) -> dict[str, Any]:
    ours = {"filtertype": "pattern", "kind": "prefix", "value": f"{wanted.name}-"}
    options = {
        "repository": wanted.repository, "retry_interval": _TIMEOUT_S, "retry_count": 3,
        "ignore_empty_list": True,
    }  # fmt: skip
    return {
        "action": "delete_snapshots", "description": described, "options": options,
        "filters": [ours, *filters],
    }  # fmt: skip


def _newest(count: int) -> dict[str, Any]:
    """Leave the newest snapshots out of what is deleted."""
    return {"filtertype": "count", "count": count, "use_age": True, "source": "creation_date"}


def _older(keep: Keep) -> dict[str, Any]:
    number, unit = re.fullmatch(r"(\d+)([dhms])", keep.age or "").groups()  # pyright: ignore[reportOptionalMemberAccess]
    return {
        "filtertype": "age", "source": "creation_date", "direction": "older", "unit": _UNITS[unit],
        "unit_count": int(number),
    }  # fmt: skip


def _pattern(names: tuple[str, ...], *, exclude: bool) -> dict[str, Any]:
    """Curator's patterns are Python's regular expressions."""
    either = "|".join(".*".join(re.escape(part) for part in name.split("*")) for name in names)
    found = {"filtertype": "pattern", "kind": "regex", "value": f"^(?:{either})$"}
    return found | ({"exclude": True} if exclude else {})
