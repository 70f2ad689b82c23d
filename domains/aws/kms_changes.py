"""Calls that change the policy of a KMS key, prepared; `domains.aws.calls.send` sends them."""

from domains.aws.calls import AwsCall
from domains.http.json_replies import Json


def put_key_policy(arn: str, policy: Json) -> AwsCall:
    """Replace the key's policy by this document: pass on every statement that it has.

    Without those of its owner, nobody could use the key or manage it any more.
    """
    parameters: Json = {"KeyId": arn, "PolicyName": "default", "Policy": policy}
    return AwsCall("kms", "PutKeyPolicy", arn.split(":")[4], arn, parameters, arn.split(":")[3])
