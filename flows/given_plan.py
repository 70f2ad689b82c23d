"""The plan that a flow is given: an object, its text, a file on the worker's machine, or an address in S3.

Imports no Prefect, and boto3 only for an address in S3.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from configs.loading.loader import MAX_BYTES as LONGEST_PLAN
from configs.loading.loader import name_in_text, parse_plan, read_text, says_resolved
from configs.loading.problems import PlanError
from configs.plan import Plan
from flows.sessions import saved_plans
from tasks.errors import PreconditionError
from tasks.records.plan_document import PlanDocument

TEXT = "the text"
"""What problems call a plan that was given as text."""
_IN_S3 = re.compile(r"s3://(?P<bucket>[^/\s]+)/(?P<key>\S.*)")


@dataclass(frozen=True)
class GivenPlan:
    """A plan as a flow was given it.

    Args:
        saved: the saved plan that it was made into, where that was given.
        place: where it was read, with the version of an object in S3; empty for a plan given as such.
    """

    plan: Plan
    saved: PlanDocument | None = None
    place: str = ""


@dataclass(frozen=True)
class _Source:
    text: str
    place: str


def given_plan(given: Plan | str) -> GivenPlan:
    """Read the plan that a flow was given. Sends nothing but, for an address in S3, one request there.

    Args:
        given: a plan; or its text in YAML or JSON, the path of a file on this machine, or `s3://BUCKET/KEY`.
            Each of them may hold a saved plan, too.

    Raises:
        PreconditionError: there is no such plan, or it has problems: all of them, with line and column.
        AwsError: the object in S3 cannot be read.
    """
    if not isinstance(given, str):
        return GivenPlan(given)
    try:
        source = _source(given)
        return _parsed(source)
    except PlanError as error:
        problems = tuple(map(str, error.problems))
        said = problems[0] if len(problems) == 1 else f"the plan has {len(problems)} problems"
        raise PreconditionError(
            said, problems if len(problems) > 1 else (), "correct the plan, then run the deployment again"
        ) from None


def given_document(given: str | None, plan: Plan) -> PlanDocument | None:
    """Read the saved plan that a flow was given beside its plan; None for none.

    Args:
        given: its text, its path on this machine, or its address in S3.

    Raises:
        PreconditionError: it cannot be used, or was not saved from this plan.
        AwsError: the object in S3 cannot be read.
    """
    if given is None:
        return None
    from runs.begun_plan import plan_record

    found = given_plan(given)
    if found.saved is None:
        raise PreconditionError(
            "the parameter saved_plan holds no saved plan", hint="give the plan as the parameter plan alone"
        )
    if plan_record(found.plan) != plan_record(plan):
        raise PreconditionError(
            f"{found.place or TEXT} was saved from a different plan", hint="save it again from this plan"
        )
    return found.saved


def name_of(given: object) -> str:
    """What to call a run before its plan is read: the plan's name, else that of its file. Sends nothing.

    Args:
        given: the plan, as a model, as the object that it was sent as, or as `given_plan` takes it.
    """
    if isinstance(given, Plan):
        return given.name
    if isinstance(given, dict):
        name = cast("dict[str, object]", given).get("name")
        return name if isinstance(name, str) else "plan"
    text = given.strip() if isinstance(given, str) else ""
    if is_text(text):
        return name_in_text(text) or "plan"
    return Path(text).stem or "plan"


def is_text(given: str) -> bool:
    """Whether this is the text of a plan: it has several lines, or is an object of JSON."""
    return "\n" in given.strip() or given.lstrip().startswith("{")


def _source(given: str) -> _Source:
    if is_text(given):
        return _Source(given, TEXT)
    address = _IN_S3.fullmatch(given.strip())
    if address:
        return _from_s3(address["bucket"], address["key"])
    path = Path(given.strip())
    if not path.is_absolute():
        raise PreconditionError(
            f"{given.strip()!r} is no plan: neither its text, nor a whole path, nor s3://BUCKET/KEY",
            hint="give the path from the root on, as it is on the worker's machine",
        )
    return _Source(read_text(path, saved_plans.MAX_BYTES), str(path))


def _from_s3(bucket: str, key: str) -> _Source:
    from domains.aws.s3 import read_object
    from domains.aws.session import session

    found = read_object(session(None, None), bucket, key, saved_plans.MAX_BYTES)
    place = f"s3://{bucket}/{key}"
    try:
        text = found.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PreconditionError(f"{place} is not UTF-8 text", hint="save it as UTF-8") from None
    return _Source(text, f"{place} (version {found.version})" if found.version else place)


def _parsed(source: _Source) -> GivenPlan:
    place = source.place
    if says_resolved(source.text):
        document = saved_plans.parse(source.text, place)
        return GivenPlan(saved_plans.plan_in(document, place), document, place)
    if len(source.text) > LONGEST_PLAN:
        raise PreconditionError(
            f"{place} is larger than {LONGEST_PLAN // 1024} KiB, too large for a plan", hint="check the name"
        )
    return GivenPlan(parse_plan(source.text, place), None, "" if place == TEXT else place)
