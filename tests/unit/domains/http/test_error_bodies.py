"""Error bodies as the service sends them: the type of error, whether waiting helps, the message to users."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.errors import Denied, Expired, Missing, Refused
from domains.http.error_bodies import error_for, parse

ASKED = "source: PUT /_snapshot/repo"
USER = "arn:aws:iam::123456789012:user/X"


def engine(kind: str, reason: str, *causes: tuple[str, str], status: int = 500) -> str:
    below: dict[str, Any] = {}
    for cause, why in reversed(causes):
        below = {"caused_by": {"type": cause, "reason": why, **below}}
    top = {"type": kind, "reason": reason}
    return json.dumps({"error": {"root_cause": [top], **top, **below}, "status": status})


def front_door(message: str, key: str = "Message") -> str:
    return json.dumps({key: message})


PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center></body></html>"
)

# status, body, type of error, transient, part of what is said, part of the hint
BODIES: dict[str, tuple[int, str, type[Refused], bool, str, str]] = {
    "PassRole": (
        403,
        front_door(
            f"User: {USER} is not authorized to perform: iam:PassRole on resource: arn:…:role/TheSnapshotRole"
        ),
        Denied,
        False,
        "iam:PassRole on resource",
        f"allow {USER} iam:PassRole on arn:…:role/TheSnapshotRole",
    ),
    "PassRole, newer suffix": (
        403,
        front_door(
            f"User: {USER} is not authorized to perform: iam:PassRole on resource: arn:x because no "
            "identity-based policy allows the iam:PassRole action"
        ),
        Denied,
        False,
        "no identity-based policy",
        "iam:PassRole",
    ),
    "anonymous": (
        403,
        front_door("User: anonymous is not authorized to perform: iam:PassRole"),
        Denied,
        False,
        "anonymous",
        "set auth: {type: sigv4}",
    ),
    "IAM action": (
        403,
        front_door(f"User: {USER} is not authorized to perform: es:ESHttpPut because …"),
        Denied,
        False,
        "es:ESHttpPut",
        "IAM policy",
    ),
    "small message": (
        403,
        front_door("User: anonymous is not authorized to perform: es:ESHttpGet", "message"),
        Denied,
        False,
        "es:ESHttpGet",
        "set auth: {type: sigv4}",
    ),
    "fine-grained access control": (
        403,
        engine(
            "security_exception",
            "no permissions for [cluster:admin/repository/put] and User [name=arn:aws:iam::1:user/X, "
            "backend_roles=[], requestedTenant=null]",
            status=403,
        ),
        Denied,
        False,
        "cluster:admin/repository/put",
        "manage_snapshots",
    ),
    "security exception under another status": (
        500,
        engine("security_exception", "no permissions for [] and User [name=x]"),
        Denied,
        False,
        "no permissions for []",
        "fine-grained access control",
    ),
    "trust policy": (
        500,
        engine(
            "a_w_s_security_token_service_exception",
            "User: arn:aws:sts::1:assumed-role/cp-sts-grant-role/swift-us-east-1-prod-1 is not authorized to "
            "perform: "
            "sts:AssumeRole on resource: arn:aws:iam::1:role/x "
            "(Service: AWSSecurityTokenService; Status Code: 403)",
        ),
        Refused,
        False,
        "sts:AssumeRole",
        "let its trust policy allow sts:AssumeRole",
    ),
    "role lacks S3 rights": (
        500,
        engine(
            "repository_verification_exception",
            "[r] path [base] is not accessible on cluster-manager node",
            ("i_o_exception", "Unable to upload object [tests-x/master.dat] using a single upload"),
            ("amazon_s3_exception", "Access Denied (Service: Amazon S3; Status Code: 403)"),
        ),
        Refused,
        False,
        "amazon_s3_exception: Access Denied",
        "s3:PutObject",
    ),
    "wrong Region": (
        500,
        engine(
            "repository_exception",
            "[r] could not read repository data from index blob",
            (
                "amazon_s3_exception",
                "The bucket is in this region: us-east-2. Please use this region to retry the request",
            ),
        ),
        Refused,
        False,
        "The bucket is in this region: us-east-2",
        "set repository.region",
    ),
    "no such repository": (
        404,
        engine("repository_missing_exception", "[r] missing", status=404),
        Missing,
        False,
        "[r] missing",
        "",
    ),
    "no such snapshot": (
        404,
        engine("snapshot_missing_exception", "[repo:snap] is missing", status=404),
        Missing,
        False,
        "[repo:snap] is missing",
        "",
    ),
    "no such index": (
        404,
        engine("index_not_found_exception", "no such index [y]", status=404),
        Missing,
        False,
        "no such index [y]",
        "",
    ),
    "snapshot does not exist, on restore": (
        500,
        engine("snapshot_restore_exception", "[repo:snap] snapshot does not exist"),
        Refused,
        False,
        "snapshot does not exist",
        "",
    ),
    "name taken": (
        500,
        engine(
            "snapshot_restore_exception",
            "[repo:snap/u] cannot restore index [x] because an open index with same name already exists in "
            "the cluster. "
            "Either close or delete the existing index or restore the index under a different name by "
            "providing a "
            "rename pattern and replacement name",
        ),
        Refused,
        False,
        "an open index with same name",
        "",
    ),
    "created too long ago": (
        500,
        engine(
            "snapshot_restore_exception",
            "[repo:snap/u] cannot restore index [x] because it cannot be upgraded",
            (
                "illegal_state_exception",
                "The index [[x/u]] was created with version [5.6.17] but the minimum …",
            ),
        ),
        Refused,
        False,
        "created with version [5.6.17]",
        "",
    ),
    "alias in the way": (
        400,
        engine("invalid_index_name_exception", "Invalid index name [x], already exists as alias", status=400),
        Refused,
        False,
        "already exists as alias",
        "",
    ),
    "shard cap": (
        400,
        engine(
            "validation_exception",
            "Validation Failed: 1: this action would add [2] total shards, but this cluster currently has "
            "[1000]/[1000] maximum shards open;",
            status=400,
        ),
        Refused,
        False,
        "maximum shards open",
        "",
    ),
    "duplicate snapshot": (
        400,
        engine(
            "invalid_snapshot_name_exception",
            "[repo:snap] Invalid snapshot name [snap], snapshot with the same name already exists",
            status=400,
        ),
        Refused,
        False,
        "already exists",
        "",
    ),
    "concurrent snapshot, 2.x": (
        503,
        engine(
            "concurrent_snapshot_execution_exception",
            "[repo:snap]  a snapshot is already running",
            status=503,
        ),
        Refused,
        True,
        "a snapshot is already running",
        "",
    ),
    "no such API": (
        401,
        front_door("Your request: '/_xpack' is not allowed."),
        Denied,
        False,
        "/_xpack",
        "does not offer this API",
    ),
    "throttled with 403": (
        403,
        front_door("Request throttled due to too many requests"),
        Refused,
        True,
        "throttled",
        "",
    ),
    "429": (429, "429 Too Many Requests /_cat/indices", Refused, True, "Too Many Requests", ""),
    "security API": (
        403,
        json.dumps({"status": "FORBIDDEN", "message": "Resource 'manage_snapshots' is reserved."}),
        Denied,
        False,
        "is reserved",
        "",
    ),
    "security API, not found": (
        404,
        json.dumps({"status": "NOT_FOUND", "message": "'manage_snapshots' not found."}),
        Refused,
        False,
        "not found",
        "",
    ),
    "security API, invalid": (
        400,
        json.dumps(
            {"status": "error", "reason": "Invalid configuration", "invalid_keys": {"keys": "reserved"}}
        ),
        Refused,
        False,
        "Invalid configuration",
        "",
    ),
    "bad signature": (
        403,
        front_door("The request signature we calculated does not match the signature you provided."),
        Denied,
        False,
        "does not match",
        "check the credentials",
    ),
    "expired token": (
        403,
        front_door("The security token included in the request is expired", "message"),
        Expired,
        True,
        "expired",
        "log in again",
    ),
    "expired token, in other words": (
        403,
        front_door("ExpiredTokenException: The security token included in the request is expired"),
        Expired,
        True,
        "expired",
        "log in again",
    ),
    "a clock that is behind": (
        403,
        front_door("Signature expired: 20260101T100000Z is now earlier than 20260101T100100Z (…)", "message"),
        Expired,
        True,
        "is now earlier than",
        "set this machine's clock",
    ),
    "a clock that is ahead": (
        403,
        front_door("Signature not yet current: 20260101T100000Z is still later than 20260101T095900Z (…)"),
        Expired,
        True,
        "is still later than",
        "set this machine's clock",
    ),
    "a token that is wrong": (
        403,
        front_door("The security token included in the request is invalid."),
        Denied,
        False,
        "invalid",
        "check the credentials",
    ),
    "the role's token, told by the engine": (
        403,
        engine("repository_exception", "[r] The provided token has expired.", status=403),
        Denied,
        False,
        "expired",
        "check the credentials",
    ),
    "502 page": (502, PAGE, Refused, True, "502 Bad Gateway", ""),
    "503 empty": (503, "", Refused, True, "empty reply", ""),
    "504 as the service says it": (
        504,
        front_door("Endpoint request timed out", "message"),
        Refused,
        True,
        "timed",
        "",
    ),
    "404 empty": (404, "", Refused, False, "empty reply", ""),
    "error as text": (
        400,
        json.dumps({"error": "no handler found for uri [/x]"}),
        Refused,
        False,
        "no handler",
        "",
    ),
    "no manager": (
        500,
        engine("cluster_manager_not_discovered_exception", "no cluster manager"),
        Refused,
        True,
        "no cluster manager",
        "",
    ),
    "circuit breaker under another status": (
        500,
        engine("circuit_breaking_exception", "[parent] Data too large"),
        Refused,
        True,
        "Data too large",
        "",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_the_service_gets_its_type_its_words_and_a_hint(name: str) -> None:
    status, body, kind, transient, said, hint = BODIES[name]
    error = error_for(ASKED, status, body, None)
    assert (type(error), error.transient) == (kind, transient)
    assert str(error).startswith(f"{ASKED}: HTTP {status} ")
    assert said in str(error)
    assert hint in error.hint if hint else True


def test_causes_are_told_outermost_first_and_once() -> None:
    body = engine("a", "top", ("b", "middle"), ("b", "middle"), ("c", "bottom"))
    assert parse(body).text == "a | top | b: middle | c: bottom"


def test_a_failed_shard_tells_its_reason() -> None:
    shard = {"shard": 0, "index": "x", "reason": {"type": "query_shard_exception", "reason": "no mapping"}}
    body = json.dumps(
        {"error": {"type": "search_phase", "reason": "all shards failed", "failed_shards": [shard]}}
    )
    assert "query_shard_exception: no mapping" in parse(body).text


def test_a_type_is_found_among_the_causes() -> None:
    error = error_for(
        ASKED, 500, engine("outer", "x", ("concurrent_snapshot_execution_exception", "y")), None
    )
    assert error.says("concurrent_snapshot_execution_exception")
    assert not error.says("repository_missing_exception")


def test_the_words_are_one_short_line_without_markup() -> None:
    assert parse(PAGE).reason == "502 Bad Gateway 502 Bad Gateway"
    long = parse(front_door("line\n" * 1000))
    assert "\n" not in long.reason
    assert len(long.reason) == 600


B64 = "bWU6aHVudGVyMg=="
TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJ"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"'{B64}' not a valid key=value pair in Authorization header: 'Basic {B64}'.", "key=value pair"),
        (f"Authorization header requires 'Credential' parameter. Authorization=Basic {B64}", "'Credential'"),
        (f'Authorization header is malformed: "{B64}"', "malformed"),
        (f"rejected Basic {B64}, sorry", "sorry"),
        (f"rejected Bearer {B64}, sorry", "sorry"),
        (f"in Credential={B64}/20260101/us-east-1/es/aws4_request, Signature={B64}, too old", "too old"),
        (f"?X-Amz-Credential={B64}&X-Amz-Signature={B64}&X-Amz-Date=1", "X-Amz-Date=1"),
        (f"The Canonical String was 'GET / host:x x-amz-security-token:{B64} host;x-amz-date'", "host;x-amz"),
        (f'{{"SessionToken": "{B64}"}} was not taken', "was not taken"),
        (f"the token {TOKEN} is not for this Region: {B64[:3]}", "is not for this Region"),
    ],
)
@pytest.mark.parametrize("how", ["Message", "engine", "cause", "text", "failed shard"])
def test_credentials_are_cut_out_of_what_was_said(said: str, kept: str, how: str) -> None:
    shard = {"type": "search_phase", "failed_shards": [{"reason": {"type": "x", "reason": said}}]}
    bodies = {
        "Message": front_door(said),
        "engine": engine("x", said),
        "cause": engine("x", "y", ("z", said)),
        "text": said,
        "failed shard": json.dumps({"error": shard}),
    }
    error = error_for(ASKED, 403, bodies[how], None)
    assert B64 not in str(error)
    assert TOKEN not in str(error)
    assert kept in str(error)


@pytest.mark.parametrize(
    "said",
    [
        "The security token included in the request is expired",
        "User: x is not authorized to perform: iam:PassRole",
        "Basic authentication is not enabled",
        "Credential should be scoped to a valid region.",
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    ],
)
def test_what_only_speaks_of_credentials_is_kept(said: str) -> None:
    assert parse(front_door(said)).reason == said


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), (None, None)],
)
def test_retry_after_in_seconds_is_understood(header: str | None, seconds: float | None) -> None:
    assert error_for(ASKED, 429, "", header).retry_after == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "type", "reason", "caused_by", "failed_shards", "Message", "message", "status", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(300, 599), JSON.map(json.dumps) | st.text(max_size=60), st.none() | st.text(max_size=5))
def test_any_body_gives_an_error_in_one_line(status: int, body: str, retry_after: str | None) -> None:
    error = error_for(ASKED, status, body, retry_after)
    assert isinstance(error, Refused)
    assert "\n" not in str(error)
    assert len(error.reply.reason) <= 600
    if error.retry_after is not None:
        assert error.retry_after >= 0


AWAY = engine(
    "repository_exception",
    "[move] Could not determine repository generation from root blobs",
    ("i_o_exception", "Exception when listing blobs by prefix [move/index-]"),
    ("sdk_client_exception", "Unable to execute HTTP request: The target server failed to respond"),
)
BUSY = engine(
    "repository_exception",
    "[move] could not read repository data",
    ("s3_exception", "Please reduce your request rate. (Service: S3, Status Code: 503, Request ID: 1)"),
)
NOWHERE = engine(
    "repository_exception",
    "[old] could not read repository data",
    ("sdk_client_exception", "Unable to execute HTTP request: old-minio: Name or service not known"),
)
FOREVER = engine(
    "repository_exception",
    "[move] could not read repository data",
    ("s3_exception", "Access Denied (Service: S3, Status Code: 403, Request ID: 1)"),
)


@pytest.mark.parametrize(
    ("asked", "body", "passes"),
    [
        ("source: GET /_snapshot/move/one", AWAY, True),
        ("source: GET /_snapshot/move/one", BUSY, True),
        ("source: GET /_snapshot/move/one", FOREVER, False),
        ("source: GET /_snapshot/old/_all", NOWHERE, False),
        ("source: PUT /_snapshot/move", AWAY, False),
        ("source: POST /_snapshot/move/_verify", AWAY, False),
    ],
)
def test_an_engine_that_does_not_reach_s3_passes_where_a_snapshot_is_looked_at(
    asked: str, body: str, passes: bool
) -> None:
    assert error_for(asked, 500, body, None).transient is passes
