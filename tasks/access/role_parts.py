"""The roles of a set-up: whether they are there, whom they trust, what they may do."""

from collections.abc import Iterator, Sequence

from domains.aws import iam, iam_changes, kms
from domains.aws.calls import merged
from domains.aws.iam import Decision, Role
from domains.errors import AwsError
from domains.http.json_replies import Json
from runs.journal import now
from tasks.access.names import DESCRIPTION, is_own
from tasks.access.parts import Found, Part, Setting, others_in, refused, there
from tasks.access.rights import Lacking, distinct, lacking, own_decisions, requests_of, words
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.rules.iam_policies import Request, by_key, said, statements_of
from tasks.checks.rules.trust_policies import denials, domains_not_let_in, is_denied, service_statements
from tasks.records.access import Made, MadeKind, RoleModel, Statement

_LONGEST = {"role": 10_240, "user": 2_048}
"""Characters that the inline policies of an identity may have together, by IAM's quotas."""


def role_parts(setting: Setting, role: RoleModel) -> Iterator[Part]:
    """The parts of a role that the service assumes."""
    at = f"account {iam_changes.account_of(role.arn)}"
    yield Part(role.piece, at, "role", role.arn, lambda: existing_role(setting, role.arn, role.trust))
    yield Part(
        role.piece,
        at,
        "trust policy",
        role.arn,
        lambda: _trust(setting, role),
        others=lambda: _other_trust(setting, role),
    )
    yield Part(role.piece, at, "rights in the bucket", role.arn, lambda: _rights(setting, role))


def existing_role(setting: Setting, arn: str, trust: tuple[Statement, ...]) -> Found:
    """Whether a role is there; a new one gets this trust policy and the plan's tags."""
    account = iam_changes.account_of(arn)
    found = iam.role_of_name(setting.session(account), arn)
    if found and found.arn != arn:
        return refused(
            f"the account has a role of this name under another path: {found.arn}",
            "correct the ARN in the plan, or choose another name",
        )
    if found:
        return there("it exists")
    make = iam_changes.create_role(arn, trust, f"{DESCRIPTION}, plan {setting.plan.name}", setting.model.tags)
    made = Made(kind=MadeKind.ROLE, at=account, name=arn, since=now())
    return Found("missing", "there is no such role", changes=(make,), makes=(made,))


# trust


def _role(setting: Setting, arn: str) -> Role | None:
    return iam.role(setting.session(iam_changes.account_of(arn)), arn)


def _other_trust(setting: Setting, role: RoleModel) -> frozenset[str]:
    found = _role(setting, role.arn)
    return others_in(setting.plan.name, found.trust if found else ())


def _trust(setting: Setting, role: RoleModel) -> Found:
    found = _role(setting, role.arn)
    if found is None:
        return Found("missing", "it is made with the role")
    arns = [arn for each in role.trust for arn in _source_arns(each)]
    shut_out = [arn for arn in arns if is_denied(denials(found.trust), arn) is not False]
    if shut_out:
        return refused(
            f"a Deny in it may keep {' and '.join(shut_out)} out", "remove that Deny from the trust policy"
        )
    allows = service_statements(found.trust)
    unfit = [arn for arn in arns if not allows or domains_not_let_in(allows, arn)]
    if not unfit:
        return there("the service may assume it for " + " and ".join(arns))
    own = {str(each["Sid"]) for each in role.trust}
    change = iam_changes.set_trust(role.arn, merged(found.document, role.trust, own))
    made = Made(kind=MadeKind.TRUST, at=iam_changes.account_of(role.arn), name=role.arn, since=now())
    return Found(
        "missing",
        f"the service may not assume it for {' and '.join(unfit)}",
        changes=(change,),
        makes=(made,),
    )


def _source_arns(statement: Statement) -> list[str]:
    named: str | list[str] = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    return [named] if isinstance(named, str) else named


# rights


def _rights(setting: Setting, role: RoleModel) -> Found:
    account = iam_changes.account_of(role.arn)
    if _role(setting, role.arn) is None:
        return given_policy(setting, role.arn, role.policy, "it has none yet")
    needs = list(requests_of(role.arn, role.policy))
    own = own_decisions(setting.session(account), needs)
    of_key: dict[Request, Decision] = {
        need: answer for need, answer in own.items() if need.action.startswith("kms:")
    }
    rest: dict[Request, Decision] = {need: answer for need, answer in own.items() if need not in of_key}
    is_own_bucket = setting.model.bucket is None or setting.model.bucket.account == account
    policy = _bucket_policy(setting) if is_own_bucket else None
    by_key_policy: dict[Request, Decision] = {
        need: by_key(answer, said(_key_policy(setting, need.resource), need))
        for need, answer in of_key.items()
        if answer != "allowed"
    }
    return lacked(setting, role.arn, role.policy, _joined(lacking(rest, policy), lacking(by_key_policy)))


def _joined(one: Lacking, other: Lacking) -> Lacking:
    return Lacking((*one.missing, *other.missing), (*one.denied, *other.denied))


def lacked(setting: Setting, arn: str, statements: tuple[Statement, ...], found: Lacking) -> Found:
    """What is missing of an identity's rights, and the policy that gives them."""
    if found.denied:
        return refused(
            f"some Deny forbids {words(found.denied)}",
            f"remove the Deny that forbids {distinct(found.denied)[0]}: no policy can lift it",
        )
    if not found.missing:
        return there("all are allowed")
    return given_policy(setting, arn, statements, f"it lacks {words(found.missing)}")


def given_policy(setting: Setting, arn: str, statements: tuple[Statement, ...], detail: str) -> Found:
    """The plan's inline policy for an identity, unless somebody else has one of this name there."""
    account, policy = iam_changes.account_of(arn), setting.model.policy
    before = iam.inline_policy(setting.session(account), arn, policy)
    foreign = [each for each in before or () if not is_own(setting.plan.name, each.get("Sid"))]
    if foreign:
        return refused(
            f"it has a policy {policy} with statements that are not ours",
            f"rename that policy, or take the statements without a Sid of {policy} out of it",
        )
    change = iam_changes.put_policy(arn, policy, statements)
    kind = "role" if iam_changes.is_role(arn) else "user"
    if _size(statements) > _LONGEST[kind]:
        return refused(
            f"its policy would be longer than the {_LONGEST[kind]} characters that IAM allows a {kind}",
            "name a role with --caller; or print the policy and attach it as a managed one",
        )
    made = Made(kind=MadeKind.POLICY, at=account, name=arn, entry=policy, since=now())
    return Found("missing", detail, changes=(change,), makes=(made,))


def _size(statements: Sequence[Statement]) -> int:
    import json

    return len(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":")))


def _bucket_policy(setting: Setting) -> tuple[Json, ...] | None:
    """The bucket's policy; None for a bucket that is not there, or whose policy cannot be read."""
    survey = setting.survey()
    try:
        if bucket_facts.found(survey).state == "missing":
            return None
        return bucket_facts.policy(survey).statements
    except AwsError:
        return None


def _key_policy(setting: Setting, key: str) -> tuple[Json, ...]:
    try:
        return statements_of(kms.policy(setting.session(iam_changes.account_of(key)), key))
    except AwsError:
        return ()


def bucket_policy_of(setting: Setting) -> tuple[Json, ...] | None:
    """The bucket's policy, as its parts and those of the callers judge it."""
    return _bucket_policy(setting)


def asked_of(needs: Sequence[Request], service: str) -> list[Request]:
    """The requests to one service."""
    return [need for need in needs if need.action.startswith(f"{service}:")]
