"""One sentence for each refusal: which it is, and what to do."""

import pytest

from domains.http.known_refusals import RefusalCause, RepositoryLocation, cause_of

USER = "arn:aws:iam::123456789012:user/mig"
ROLE = "arn:aws:iam::123456789012:role/Snapshots"
PLACE = RepositoryLocation(ROLE, "my-snapshots", "orders")
VERIFY = "repository_verification_exception | [r] path [orders] is not accessible on cluster-manager node | "
UPLOAD = "i_o_exception: Unable to upload object [orders/tests-x/master.dat] using a single upload | "
LIST = "i_o_exception: Exception when listing blobs by prefix [index-] | "
OLD = "amazon_s3_exception: Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)"
NEW = "s3_exception: Access Denied (Service: S3, Status Code: 403, Request ID: x) (SDK Attempt Count: 1)"
GONE = "no_such_bucket_exception: The specified bucket does not exist (Service: S3, Status Code: 404)"
ARCHIVED = "The operation is not valid for the object's storage class (Service: S3, Status Code: 403)"
NO_KEYS = (
    "sdk_client_exception: Unable to load credentials from any of the providers in the chain "
    "AwsCredentialsProviderChain(credentialsProviders=[SystemPropertyCredentialsProvider()])"
)
NO_PROFILE = (
    "sdk_client_exception: The requested metadata is not found at "
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
)
WRONG_KEYS = (
    "s3_exception: The AWS Access Key Id you provided does not exist in our records. (Service: S3, Status "
    "Code: 403, Request ID: x)"
)
WRONG_SECRET = (
    "amazon_s3_exception: The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method. (Service: Amazon S3; Status Code: 403; Error Code: "
    "SignatureDoesNotMatch)"
)
NO_FOLDER = (
    "repository_exception | [r] location [/x] doesn't match any of the locations specified by path.repo "
    "because this setting is empty"
)
NO_CLIENT = (
    "repository_exception | [r] failed to create repository | illegal_argument_exception: Unknown s3 client "
    "name [backups]. Existing client configs: default"
)
SERVICE = "arn:aws:sts::1:assumed-role/cp-sts-grant-role/swift-us-east-1-prod-1"
CLEAR = "repository_verification_exception | cannot delete test data at [orders] | "


def unauthorized(action: str, why: str = "", who: str = USER) -> str:
    return f"User: {who} is not authorized to perform: {action} {why}".rstrip()


def unmapped(action: str) -> str:
    user = f"User [name={USER}, backend_roles=[], requestedTenant=null]"
    return f"security_exception | no permissions for [{action}] and {user}"


NO_POLICY = "because no identity-based policy allows the action"
DENY = "with an explicit deny in an identity-based policy"
PASS = f"iam:PassRole on resource: {ROLE}"
TRUST = f"sts:AssumeRole on resource: {ROLE} (Service: AWSSecurityTokenService)"


@pytest.mark.parametrize(
    ("said", "kind", "facts"),
    [
        (unauthorized(PASS, NO_POLICY), "pass role", (USER, ROLE, "allow", "iam:PassRole")),
        (unauthorized(PASS, DENY), "pass role denied", (USER, ROLE, "Deny statement")),
        (unauthorized("iam:PassRole", who="anonymous"), "unsigned", ("type: sigv4",)),
        (unauthorized("es:ESHttpPut", NO_POLICY), "request", (USER, "es:ESHttpPut", "access policy")),
        (unauthorized("es:ESHttpPut", DENY), "request denied", (USER, "es:ESHttpPut", "Deny statement")),
        (
            unmapped("cluster:admin/repository/put"),
            "access control",
            (USER, "cluster:admin/repository/put", "manage_snapshots", "fine-grained access control"),
        ),
        (
            unmapped("indices:admin/refresh"),
            "access control",
            (USER, "a role that has indices:admin/refresh"),
        ),
        (
            unmapped("cluster:admin/opensearch/snapshot_management/policy/write"),
            "access control",
            (USER, "the role snapshot_management_full_access"),
        ),
        (
            unmapped("cluster:admin/opendistro/ism/policy/write"),
            "access control",
            (USER, "the role index_management_full_access"),
        ),
        (unmapped(""), "access control", (USER, "manage_snapshots", "security index")),
        (
            "a_w_s_security_token_service_exception | " + unauthorized(TRUST, who=SERVICE),
            "trust",
            (ROLE, "trust policy", "opensearchservice.amazonaws.com", "both domains"),
        ),
        (VERIFY + UPLOAD + NO_KEYS, "no keys", ("`opensearch-keystore add s3.client.default.access_key`",)),
        (VERIFY + UPLOAD + NO_PROFILE, "no keys", ("secret_key", "reload_secure_settings")),
        (VERIFY + UPLOAD + WRONG_KEYS, "wrong keys", ("s3.client.default.access_key", "correct")),
        (VERIFY + LIST + WRONG_SECRET, "wrong keys", ("s3.client.default.access_key", "correct")),
        (
            NO_CLIENT,
            "no client",
            ("`opensearch-keystore add s3.client.backups.access_key`", "settings.client"),
        ),
        (
            "repository_exception | [r] repository type [s3] does not exist",
            "no plugin",
            ("`opensearch-plugin install repository-s3`",),
        ),
        (
            NO_FOLDER,
            "no folder",
            ("path.repo", "repository.location"),
        ),
        (VERIFY + UPLOAD + OLD, "upload", (ROLE, "s3:PutObject", "arn:aws:s3:::my-snapshots/*")),
        (VERIFY + UPLOAD + NEW, "upload", (ROLE, "bucket my-snapshots", "s3:PutObject")),
        (VERIFY + LIST + NEW, "list", (ROLE, "s3:ListBucket", "arn:aws:s3:::my-snapshots")),
        (CLEAR + OLD, "delete", (ROLE, "s3:DeleteObject")),
        ("repository_exception | when loading repository data | " + OLD, "read", ("s3:GetObject",)),
        (VERIFY + UPLOAD + GONE, "bucket", ("bucket my-snapshots does not exist", "repository.bucket")),
        (
            "snapshot_exception | Snapshot could not be read | s3_exception: " + ARCHIVED,
            "archived",
            ("Glacier", "lifecycle rule of bucket my-snapshots", "S3 Standard", "orders"),
        ),
        (
            "s3_exception: " + unauthorized("s3:PutObject on resource: arn:x", NO_POLICY, who=ROLE),
            "upload",
            (ROLE, "s3:PutObject", "my-snapshots"),
        ),
        (unauthorized("s3:ListBucket on resource: arn:x", who=ROLE), "list", ("s3:ListBucket",)),
        (
            "s3_exception: " + unauthorized("kms:GenerateDataKey on resource: k", who=ROLE),
            "key",
            ("kms:GenerateDataKey", "kms:Decrypt"),
        ),
        ("The security token included in the request is invalid.", "signature", ("credentials",)),
        ("Your request: '/_xpack' is not allowed.", "not offered", ("does not offer",)),
    ],
)
def test_the_service_s_words_lead_to_one_sentence(said: str, kind: str, facts: tuple[str, ...]) -> None:
    cause = cause_of(said, caller_denied=kind in {"signature", "not offered"})
    assert cause is not None
    assert cause.kind == kind
    advice = cause.advice(PLACE)
    assert all(fact in advice for fact in facts), advice
    assert ". " not in advice and not advice.endswith("."), "one sentence"
    assert "{" not in advice.replace("{type: sigv4}", ""), advice


def test_without_a_plan_the_words_are_general() -> None:
    advice = RefusalCause("upload").advice()
    assert "repository.role_arn" in advice and "its bucket" in advice


def test_other_partitions_have_their_own_arns() -> None:
    place = RepositoryLocation("arn:aws-cn:iam::1:role/x", "b")
    assert "arn:aws-cn:s3:::b/*" in RefusalCause("upload").advice(place)


def test_a_role_that_was_not_named_is_the_plans() -> None:
    cause = cause_of(unauthorized("iam:PassRole"))
    assert cause is not None
    assert f"iam:PassRole on {ROLE}" in cause.advice(PLACE)


TAKEN = "because an open index with same name already exists in the cluster"


@pytest.mark.parametrize(
    "said",
    [
        "something else",
        "",
        "snapshot does not exist",
        "no such index [y]",
        f"snapshot_restore_exception | [r:s/u] cannot restore index [signatures-2024] {TAKEN}",
        f"snapshot_restore_exception | [r:s/u] cannot restore index [nosuchbucket] {TAKEN}",
        "credential-events[0]: node left",
        "s3_exception: arn:aws:kms:us-east-1:1:key/abc is disabled.",
    ],
)
def test_what_is_not_known_gets_no_advice(said: str) -> None:
    assert cause_of(said) is None
