"""What IAM policies decide in the lab, and what a simulation says about it."""

from __future__ import annotations

import fnmatch
import json
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.account import simulation
from lab.account.policies import (
    Policy,
    Principal,
    Request,
    across_accounts,
    by_identity,
    by_resource,
    in_one_account,
    missing_keys,
    parse,
)
from lab.account.wildcards import matches

ROLE = "arn:aws:iam::123456789012:role/Snapshots"
USER = "arn:aws:iam::123456789012:user/ann"
DOMAIN = "arn:aws:es:us-east-1:123456789012:domain/orders"


def policy(*statements: dict[str, Any]) -> Policy:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def says(effect: str, action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def decided(statement: dict[str, Any], action: str, resource: str = "*", **context: Any) -> str:
    known = {name.replace("_", ":"): tuple(values) for name, values in context.items()}
    return by_identity([policy(statement)], Request(action, resource, known))


@pytest.mark.parametrize(
    ("actions", "asked", "decision"),
    [
        ("es:ESHttpPut", "es:ESHttpPut", "allowed"),
        ("ES:eshttpput", "es:ESHttpPut", "allowed"),
        ("es:ESHttp*", "es:ESHttpPut", "allowed"),
        ("es:ESHttp???", "es:ESHttpPut", "allowed"),
        ("es:ESHttp???", "es:ESHttpPost", "implicitDeny"),
        (["s3:*", "es:*"], "es:ESHttpPut", "allowed"),
        ("*", "es:ESHttpPut", "allowed"),
        ("es:ESHttpGet", "es:ESHttpPut", "implicitDeny"),
        ("es:[EF]*", "es:ESHttpPut", "implicitDeny"),
        ([], "es:ESHttpPut", "implicitDeny"),
    ],
)
def test_actions_are_matched_without_regard_to_case(actions, asked, decision):
    assert decided(says("Allow", actions), asked) == decision


@pytest.mark.parametrize(
    ("resources", "asked", "decision"),
    [
        (f"{DOMAIN}/*", f"{DOMAIN}/_snapshot/r", "allowed"),
        (DOMAIN, f"{DOMAIN}/_snapshot/r", "implicitDeny"),
        (f"{DOMAIN}*", f"{DOMAIN}-2/_snapshot", "allowed"),
        ([ROLE, f"{DOMAIN}/*"], ROLE, "allowed"),
        (ROLE, ROLE.lower(), "implicitDeny"),
        ("arn:aws:iam::*:role/Snap*", ROLE, "allowed"),
    ],
)
def test_resources_are_matched_as_they_are_written(resources, asked, decision):
    assert decided(says("Allow", "*", resources), "x:Y", asked) == decision


def test_what_is_not_named_is_left():
    left = {"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "NotResource": ROLE}
    assert decided(left, "es:ESHttpGet", DOMAIN) == "allowed"
    assert decided(left, "IAM:PassRole", DOMAIN) == "implicitDeny"
    assert decided(left, "es:ESHttpGet", ROLE) == "implicitDeny"
    assert decided({"Effect": "Allow", "Action": "*"}, "es:ESHttpGet") == "implicitDeny", "no resource"


@pytest.mark.parametrize("document", ["", "nonsense", "[]", "3", '{"Statement": "x"}', '{"Statement": [1]}'])
def test_what_is_no_policy_allows_nothing(document):
    assert by_identity([parse(document)], Request("a:B", "*")) == "implicitDeny"


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ({"StringEquals": {"a:k": "x"}}, ["x"], True),
        ({"StringEquals": {"A:K": "x"}}, ["x"], True),
        ({"StringEquals": {"a:k": "x"}}, ["X"], False),
        ({"StringEqualsIgnoreCase": {"a:k": "x"}}, ["X"], True),
        ({"StringEquals": {"a:k": "x*"}}, ["xy"], False),
        ({"StringEquals": {"a:k": ["x", "y"]}}, ["y"], True),
        ({"StringEquals": {"a:k": "x"}}, [], False),
        ({"StringEqualsIfExists": {"a:k": "x"}}, [], True),
        ({"StringEqualsIfExists": {"a:k": "x"}}, ["y"], False),
        ({"StringNotEquals": {"a:k": ["x", "y"]}}, ["y"], False),
        ({"StringNotEquals": {"a:k": ["x", "y"]}}, ["z"], True),
        ({"StringNotEquals": {"a:k": "x"}}, [], True),
        ({"StringNotEquals": {"a:k": "x"}}, ["y", "x"], False),
        ({"StringLike": {"a:k": "x*"}}, ["xyz"], True),
        ({"StringNotLike": {"a:k": "x*"}}, ["xyz"], False),
        ({"ArnLike": {"a:k": "arn:aws:es:*:123456789012:domain/or*"}}, [DOMAIN], True),
        ({"ArnEquals": {"a:k": "arn:aws:es:*:123456789012:domain/or*"}}, [DOMAIN], True),
        ({"ArnLike": {"a:k": "arn:aws:*:domain/orders"}}, [DOMAIN], False),
        ({"ArnLike": {"a:k": "arn:aws:es:*"}}, [DOMAIN], False),
        ({"ArnNotLike": {"a:k": "arn:aws:es:us-east-1:123456789012:domain/*"}}, [DOMAIN], False),
        ({"ArnNotEquals": {"a:k": ROLE}}, [DOMAIN], True),
        ({"Bool": {"a:k": True}}, ["true"], True),
        ({"Bool": {"a:k": "false"}}, ["true"], False),
        ({"IpAddress": {"a:k": "127.0.0.0/8"}}, ["127.0.0.1"], True),
        ({"NotIpAddress": {"a:k": "127.0.0.0/8"}}, ["127.0.0.1"], False),
        ({"IpAddress": {"a:k": "nowhere"}}, ["127.0.0.1"], False),
        ({"Null": {"a:k": "true"}}, [], True),
        ({"Null": {"a:k": "true"}}, ["x"], False),
        ({"ForAllValues:StringEquals": {"a:k": ["x", "y"]}}, ["x", "y"], True),
        ({"ForAllValues:StringEquals": {"a:k": ["x", "y"]}}, ["x", "z"], False),
        ({"ForAllValues:StringEquals": {"a:k": ["x"]}}, [], True),
        ({"ForAnyValue:StringEquals": {"a:k": ["x"]}}, ["x", "z"], True),
        ({"ForAnyValue:StringEquals": {"a:k": ["x"]}}, [], False),
        ({"ForAnyValue:StringNotEquals": {"a:k": ["x"]}}, [], False),
        ({"ForAnyValue:StringNotEquals": {"a:k": ["x"]}}, ["x", "z"], True),
        ({"ForAnyValue:StringEqualsIfExists": {"a:k": ["x"]}}, [], True),
        ({"ForAllValues:StringNotEquals": {"a:k": ["x"]}}, [], True),
        ({"StringEquals": {"a:k": "x"}, "StringLike": {"b:k": "*"}}, ["x"], False),
        ({}, [], True),
    ],
)
def test_conditions(condition, values, holds):
    allowed = decided(says("Allow", "*", Condition=condition), "a:B", **({"a_k": values} if values else {}))
    assert (allowed == "allowed") is holds


@pytest.mark.parametrize(
    "condition", [{"DateLessThan": {"a:k": "2020-01-01"}}, {"Misspelt": {"a:k": "x"}}, {"StringEquals": "x"}]
)
def test_a_condition_that_is_not_understood_is_held_against_the_caller(condition):
    assert decided(says("Allow", "*", Condition=condition), "a:B", a_k=["x"]) == "implicitDeny"
    assert decided(says("Deny", "*", Condition=condition), "a:B", a_k=["x"]) == "explicitDeny"
    both = {**condition, "StringLike": {"b:k": "never"}}
    assert decided(says("Deny", "*", Condition=both), "a:B", a_k=["x"]) == "implicitDeny"


ANN = Principal((USER,), "123456789012")
SERVICE = Principal(service="es.amazonaws.com")


@pytest.mark.parametrize(
    ("named", "principal", "decision"),
    [
        ("*", ANN, "allowed"),
        ("*", SERVICE, "allowed"),
        ({"AWS": "*"}, ANN, "allowed"),
        ({"AWS": "*"}, SERVICE, "allowed"),
        ({"AWS": ["*"]}, SERVICE, "allowed"),
        ({"AWS": USER}, ANN, "allowed"),
        ({"AWS": [ROLE, USER]}, ANN, "allowed"),
        ({"AWS": USER + "2"}, ANN, "implicitDeny"),
        ({"AWS": "arn:aws:iam::123456789012:root"}, ANN, "implicitDeny"),
        ({"Service": "es.amazonaws.com"}, SERVICE, "allowed"),
        ({"Service": ["ec2.amazonaws.com", "es.amazonaws.com"]}, SERVICE, "allowed"),
        ({"Service": "ec2.amazonaws.com"}, SERVICE, "implicitDeny"),
        ({"Service": "es.amazonaws.com"}, ANN, "implicitDeny"),
        (None, ANN, "implicitDeny"),
    ],
)
def test_whom_a_resource_lets_in(named, principal, decision):
    statement = {"Effect": "Allow", "Action": "x:Y", "Principal": named}
    assert by_resource([policy(statement)], Request("x:Y", ROLE), principal) == decision


@pytest.mark.parametrize("named", ["123456789012", "arn:aws:iam::123456789012:root"])
def test_a_whole_account_can_be_shut_out(named):
    statement = {"Effect": "Deny", "Action": "*", "Principal": {"AWS": named}}
    assert by_resource([policy(statement)], Request("x:Y", ROLE), ANN) == "explicitDeny"


@pytest.mark.parametrize("named", ["123456789012", "arn:aws:iam::123456789012:root"])
def test_a_matter_can_be_left_to_a_whole_account(named):
    statement = {"Effect": "Allow", "Action": "*", "Principal": {"AWS": named}}
    request, other = Request("x:Y", ROLE), Principal((USER,), "210987654321")
    assert by_resource([policy(statement)], request, ANN) == "implicitDeny"
    assert by_resource([policy(statement)], request, ANN, delegating=True) == "allowed"
    assert by_resource([policy(statement)], request, other, delegating=True) == "implicitDeny"


def test_all_but_the_named_ones():
    statement = {"Effect": "Deny", "Action": "*", "NotPrincipal": {"AWS": USER}}
    assert by_resource([policy(statement)], Request("x:Y", ROLE), ANN) == "implicitDeny"
    other = Principal((ROLE,), "123456789012")
    assert by_resource([policy(statement)], Request("x:Y", ROLE), other) == "explicitDeny"


def test_a_statement_that_names_somebody_is_no_identitys_own():
    statement = says("Allow", "*", Principal="*")
    assert by_identity([policy(statement)], Request("x:Y", ROLE)) == "implicitDeny"


def test_one_account_needs_one_yes_and_two_accounts_need_both():
    assert in_one_account("implicitDeny", "allowed") == "allowed"
    assert in_one_account("allowed", "explicitDeny") == "explicitDeny"
    assert across_accounts("implicitDeny", "allowed") == "implicitDeny"
    assert across_accounts("allowed", "explicitDeny") == "explicitDeny"
    assert across_accounts("allowed", "allowed") == "allowed"


names = st.sampled_from(["es:ESHttpGet", "es:ESHttpPut", "iam:PassRole", "s3:GetObject"])
patterns = st.one_of(names, st.sampled_from(["*", "es:*", "es:ESHttp???", "iam:*Role", "s3:Get*", "S3:*"]))
keys = st.fixed_dictionaries({}, optional={"a:k": st.sampled_from(["x", "y"]).map(lambda value: (value,))})
conditions = st.one_of(
    st.just({}),
    st.builds(
        lambda operator, value: {operator: {"a:k": value}},
        st.sampled_from(["StringEquals", "StringNotEquals", "StringLikeIfExists", "DateEquals", "Null"]),
        st.sampled_from(["x", "y", "true"]),
    ),
)


def statements(effect: str | None = None) -> st.SearchStrategy[dict[str, Any]]:
    effects = st.just(effect) if effect else st.sampled_from(["Allow", "Deny"])
    resources = st.sampled_from(["*", ROLE, f"{DOMAIN}/*"])
    return st.builds(
        lambda effect, action, resource, condition: says(effect, action, resource, Condition=condition),
        effects, patterns, resources, conditions,
    )  # fmt: skip


requests = st.builds(Request, names, st.sampled_from([ROLE, f"{DOMAIN}/x"]), keys)
some = st.lists(statements(), max_size=4)


@given(some, statements("Deny"), some, requests)
def test_a_deny_wins_wherever_it_stands(before, denial, after, request):
    if by_identity([policy(denial)], request) == "explicitDeny":
        assert by_identity([policy(*before, denial), policy(*after)], request) == "explicitDeny"


@given(some, statements("Allow"), requests)
def test_one_more_allow_takes_nothing_away(had, more, request):
    if by_identity([policy(*had)], request) == "allowed":
        assert by_identity([policy(*had), policy(more)], request) == "allowed"


@given(some, requests, st.randoms())
def test_order_and_division_into_policies_do_not_matter(had, request, chance):
    shuffled = list(had)
    chance.shuffle(shuffled)
    alone = [policy(each) for each in shuffled]
    assert by_identity(alone, request) == by_identity([policy(*had)], request)


letters = st.text(st.sampled_from("aB:/.+$^(|)\\\n*?"), max_size=8)


@given(letters, letters)
@example("a\nb", "a*b")
def test_wildcards_are_those_of_a_shell_without_brackets(value, pattern):
    assert matches(value, pattern) == fnmatch.fnmatchcase(value, pattern)


@given(letters)
def test_brackets_are_letters(value):
    assert matches(f"[{value}]", f"[{value}]")
    assert matches("a", "[a]") is False


TO_THE_SERVICE = {"StringEquals": {"iam:PassedToService": "es.amazonaws.com"}}
PASSING = says("Allow", "iam:PassRole", ROLE, Condition=TO_THE_SERVICE)


def test_what_a_decision_would_have_wanted_to_know():
    request = Request("iam:PassRole", ROLE)
    assert missing_keys([policy(PASSING)], request) == {"iam:PassedToService"}
    told = Request("iam:PassRole", ROLE, {"IAM:PassedToService": ("x",)})
    assert missing_keys([policy(PASSING)], told) == set()
    assert missing_keys([policy(PASSING)], Request("es:ESHttpGet", ROLE)) == set()


class Account:
    """One user, Ann, with these policies."""

    def __init__(self, *policies: Policy) -> None:
        self.own = policies

    def exists(self, identity: str) -> bool:
        return identity == USER

    def policies(self, identity: str) -> tuple[Policy, ...]:
        return self.own


def simulated(account: Account, **fields: str) -> tuple[int, ElementTree.Element]:
    form = {"Action": "SimulatePrincipalPolicy", "Version": "2010-05-08", "PolicySourceArn": USER} | fields
    reply = simulation.simulate(urlencode(form).encode(), account)
    root = ElementTree.fromstring(reply.xml.replace(' xmlns="https://iam.amazonaws.com/doc/2010-05-08/"', ""))
    return reply.status, root


def test_a_simulation_has_one_result_an_action_as_strict_as_its_strictest_resource():
    account = Account(policy(says("Allow", "es:*", f"{DOMAIN}/*"), says("Deny", "es:ESHttpDelete")))
    asked = {"ActionNames.member.1": "es:ESHttpGet", "ActionNames.member.2": "es:ESHttpDelete"}
    places = {"ResourceArns.member.1": f"{DOMAIN}/a", "ResourceArns.member.2": ROLE}
    status, root = simulated(account, **asked, **places)
    results = root.findall(".//EvaluationResults/member")
    assert status == 200
    assert [each.findtext("EvalDecision") for each in results] == ["implicitDeny", "explicitDeny"]
    inside = results[0].findall("ResourceSpecificResults/member")
    assert [each.findtext("EvalResourceDecision") for each in inside] == ["allowed", "implicitDeny"]
    assert [each.findtext("EvalResourceName") for each in inside] == [f"{DOMAIN}/a", ROLE]


def test_a_simulation_uses_what_it_is_told_and_says_what_it_lacks():
    account = Account(policy(PASSING))
    asked = {"ActionNames.member.1": "iam:PassRole", "ResourceArns.member.1": ROLE}
    _, root = simulated(account, **asked)
    assert root.findtext(".//EvalDecision") == "implicitDeny"
    assert root.findtext(".//ResourceSpecificResults//MissingContextValues/member") == "iam:PassedToService"
    entry = "ContextEntries.member.1"
    told = {f"{entry}.ContextKeyName": "iam:PassedToService", f"{entry}.ContextKeyType": "string"}
    value = {f"{entry}.ContextKeyValues.member.1": "es.amazonaws.com"}
    _, root = simulated(account, **asked, **told, **value)
    assert root.findtext(".//EvalDecision") == "allowed"


def test_a_simulation_takes_further_policies_and_a_resources():
    asked = {"ActionNames.member.1": "s3:GetObject"}
    more = {"PolicyInputList.member.1": json.dumps({"Statement": says("Allow", "s3:*")})}
    assert simulated(Account(), **asked)[1].findtext(".//EvalDecision") == "implicitDeny"
    assert simulated(Account(), **asked, **more)[1].findtext(".//EvalDecision") == "allowed"
    denial = {"Statement": [says("Deny", "s3:*", Principal={"AWS": USER})]}
    refused = simulated(Account(), **asked, **more, ResourcePolicy=json.dumps(denial))[1]
    assert refused.findtext(".//EvalDecision") == "explicitDeny"


@pytest.mark.parametrize(
    ("source", "status", "code", "said"),
    [
        (
            "arn:aws:sts::123456789012:assumed-role/R/s",
            400,
            "InvalidInput",
            "does not clearly define entity type",
        ),
        ("arn:aws:iam::123456789012:user/nobody", 404, "NoSuchEntity", "The user with name nobody cannot be"),
        ("arn:aws:iam::123456789012:role/a/b", 404, "NoSuchEntity", "The role with name b cannot be found."),
    ],
)
def test_a_simulation_is_of_a_user_or_a_role(source, status, code, said):
    found, root = simulated(Account(), PolicySourceArn=source, **{"ActionNames.member.1": "s3:GetObject"})
    assert (found, root.findtext(".//Code")) == (status, code)
    assert said in (root.findtext(".//Message") or "")
