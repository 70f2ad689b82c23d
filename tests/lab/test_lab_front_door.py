"""Who comes in, what passes through unchanged, what is written down, and what a rule does."""

from __future__ import annotations

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from identities import allow, trust_account
from opensearchpy import OpenSearch, RequestsHttpConnection, Urllib3AWSV4SignerAuth, Urllib3HttpConnection
from requests_aws4auth import AWS4Auth

from lab.description import child_environment, environment
from lab.door.request_log import read_log
from lab.reset import reset


def test_unsigned_requests_are_anonymous(lab, s3_repository):
    reply = requests.get(lab.source.endpoint + "/_cat/indices", timeout=10)
    assert reply.status_code == 403
    assert reply.json()["Message"] == (
        "User: anonymous is not authorized to perform: es:ESHttpGet because no resource-based policy allows "
        "the es:ESHttpGet action"
    )
    assert "es:ESHttpDelete" in requests.delete(lab.source.endpoint + "/x", timeout=10).json()["Message"]
    basic = requests.put(
        lab.source.endpoint + "/_snapshot/r", json=s3_repository(), auth=("me", "secret"), timeout=10
    )
    passed = f"User: anonymous is not authorized to perform: iam:PassRole on resource: {lab.role_arn}"
    assert (basic.status_code, basic.json()["Message"]) == (403, passed)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secret": "guessed"}, "The request signature we calculated does not match"),
        ({"region": "eu-west-1"}, "Credential should be scoped to a valid Region, not 'eu-west-1'"),
        ({"service": "aoss"}, "Credential should be scoped to correct service: 'es'"),
        ({"key": "AKIANOBODY"}, "The security token included in the request is invalid"),
        ({"token": "stolen"}, "The security token included in the request is invalid"),
    ],
)
def test_wrong_signatures_are_refused(call, wrong, said):
    reply = call("source", "GET", "/", **wrong)
    assert reply.status_code == 403
    assert reply.json()["message"].startswith(said)


def signed(lab, method, path, body=b""):
    """Sign with botocore."""
    request = AWSRequest(method, lab.source.endpoint + path, data=body)
    SigV4Auth(Credentials(lab.access_key_id, lab.secret_access_key), "es", lab.source.region).add_auth(
        request
    )
    return request.prepare()


def test_botocore_signs_well_too_and_a_changed_body_is_noticed(lab):
    request = signed(lab, "GET", "/_cat/indices?v=true&h=index%2Cuuid")
    assert requests.get(request.url, headers=dict(request.headers), timeout=10).status_code == 200
    request = signed(lab, "POST", "/_bulk", b"{}")
    reply = requests.post(request.url, headers=dict(request.headers), data=b"{ }", timeout=10)
    assert (reply.status_code, "does not match" in reply.text) == (403, True)


def test_a_clock_six_minutes_off_is_refused(lab):
    from lab.account.directory import Caller
    from lab.door.signature import Received, Refused, verify

    request = signed(lab, "GET", "/")
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    headers["host"] = lab.source.endpoint.removeprefix("http://")
    received = Received("GET", "/", "", headers, b"")

    class Directory:
        def caller(self, access_key_id):
            return Caller("arn:aws:iam::123456789012:user/x", lab.secret_access_key)

        def bucket_region(self, bucket):
            return None

    stamp = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert verify(received, "us-east-1", Directory(), now=stamp) is not None
    for minutes, said in ((6, "Signature expired"), (-6, "Signature not yet current")):
        moment = datetime.fromtimestamp(stamp.timestamp() + minutes * 60, UTC)
        with pytest.raises(Refused, match=said):
            verify(received, "us-east-1", Directory(), now=moment)


def test_opensearch_py_and_an_assumed_role_come_in(lab, identities):
    role = identities.role(allow("es:ESHttpGet"), trusts=trust_account())
    got = identities.assume(role)
    temporary = Credentials(got["key"], got["secret"], got["token"])
    client = OpenSearch(
        lab.target.endpoint,
        http_auth=Urllib3AWSV4SignerAuth(temporary, lab.target.region, "es"),
        connection_class=Urllib3HttpConnection,
    )
    assert client.info()["version"]["number"] == lab.target.version
    caller = read_log(lab.target.request_log)[-1].caller
    assert caller == f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/night-shift"


def test_odd_paths_and_queries_are_verified_as_received(clean_lab):
    lab = clean_lab
    auth = AWS4Auth(lab.access_key_id, lab.secret_access_key, lab.source.region, "es")
    client = OpenSearch(lab.source.endpoint, http_auth=auth, connection_class=RequestsHttpConnection)
    for name in ("größe-é", "100%-sure", "a=b&c;d~(e)!@f", "mixed.dots+plus"):
        client.indices.create(index=name)
        client.index(index=name, id="ä/ö b+c", body={"a": 1}, refresh=True, routing="x y")
        assert client.get(index=name, id="ä/ö b+c", routing="x y")["found"]
        assert client.count(index=name, q="a:1 AND a:(1 OR 2)")["count"] == 1


def test_the_domains_own_host_name_is_signed_through_a_tunnel(lab):
    auth = AWS4Auth(lab.access_key_id, lab.secret_access_key, lab.source.region, "es")
    reply = requests.get(lab.source.endpoint + "/", auth=auth, headers={"Host": lab.source.host}, timeout=10)
    assert reply.status_code == 200


def test_large_and_compressed_bodies_pass_unchanged(clean_lab, call):
    lab = clean_lab
    auth = AWS4Auth(lab.access_key_id, lab.secret_access_key, lab.source.region, "es")
    line = b'{"index":{}}\n' + b'{"text":"' + b"x" * 1_000_000 + b'"}\n'
    call("source", "PUT", "/big", {"mappings": {"dynamic": False}}).raise_for_status()
    kind = {"content-type": "application/x-ndjson"}
    reply = requests.post(
        lab.source.endpoint + "/big/_bulk?refresh=true", data=line * 66, headers=kind, auth=auth, timeout=60
    )
    assert (reply.status_code, len(reply.json()["items"])) == (200, 66)
    packed = {**kind, "content-encoding": "gzip"}
    reply = requests.post(
        lab.source.endpoint + "/big/_bulk", data=gzip.compress(line), headers=packed, auth=auth, timeout=60
    )
    assert not reply.json()["errors"]
    found = call("source", "GET", "/big/_search?size=1").json()
    assert len(found["hits"]["hits"][0]["_source"]["text"]) == 1_000_000
    head = call("source", "HEAD", "/big")
    assert (head.status_code, head.content) == (200, b"")
    assert call("source", "HEAD", "/none").status_code == 404
    assert (
        call("source", "GET", "/_cat/indices?format=yaml")
        .headers["content-type"]
        .startswith("application/yaml")
    )


def test_every_request_is_one_line_of_the_log(clean_lab, call):
    before = len(read_log(clean_lab.source.request_log))
    call("source", "PUT", "/logged/_doc/1?refresh=true", {"a": "ü"})
    requests.get(clean_lab.source.endpoint + "/nothing?x=1", timeout=10)
    put, get = read_log(clean_lab.source.request_log)[before:]
    assert (put.method, put.path, put.query, put.status) == ("PUT", "/logged/_doc/1", "refresh=true", 201)
    assert put.caller == "arn:aws:iam::123456789012:user/migrator"
    assert put.domain == "orders-source"
    assert put.body == '{"a": "\\u00fc"}'
    assert put.duration_ms > 0
    assert (get.caller, get.status, get.query, get.rule) == ("anonymous", 403, "x=1", None)


def install(lab, **rule):
    requests.post(lab.admin_url + "/rules", json=rule, timeout=10).raise_for_status()


def test_a_rule_before_keeps_the_engine_out_of_it(clean_lab, call):
    throttled = {"Message": "Too Many Requests"}
    install(
        clean_lab, name="throttle", domain="source", method="PUT", path="/kept", status=429, body=throttled
    )
    reply = call("source", "PUT", "/kept")
    assert (reply.status_code, reply.json()) == (429, throttled)
    assert read_log(clean_lab.source.request_log)[-1].rule == "throttle"
    assert call("source", "GET", "/kept").status_code == 404
    assert call("source", "PUT", "/kept").status_code == 200, "it acts once only"


def test_a_rule_after_loses_the_reply_but_not_the_deed(clean_lab, call, s3_repository):
    call("source", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).raise_for_status()
    page = "<html>504 Gateway Time-out</html>"
    install(
        clean_lab, domain="orders-source", path="/_snapshot/guide/one", when="after", status=504, body=page
    )
    reply = call("source", "PUT", "/_snapshot/guide/one?wait_for_completion=true")
    assert (reply.status_code, reply.text) == (504, page)
    assert reply.headers["content-type"].startswith("text/html")
    assert call("source", "GET", "/_snapshot/guide/one").json()["snapshots"][0]["state"] == "SUCCESS"


def test_a_rule_may_only_delay_and_is_for_one_domain(clean_lab, call):
    install(clean_lab, domain="target", path="/$", times=None, delay_s=0.4)
    started = time.monotonic()
    assert call("source", "GET", "/").status_code == 200
    assert time.monotonic() - started < 0.4
    assert call("target", "GET", "/").status_code == 200
    assert time.monotonic() - started > 0.4
    requests.delete(clean_lab.admin_url + "/rules", timeout=10)
    assert requests.get(clean_lab.admin_url + "/rules", timeout=10).json() == []


def test_a_request_held_back_by_a_rule_does_not_outlive_a_reset(clean_lab, call):
    install(clean_lab, domain="target", method="PUT", path="/late", delay_s=1.5)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(call, "target", "PUT", "/late")
        while requests.get(clean_lab.admin_url + "/rules", timeout=10).json():
            time.sleep(0.02)
        started = time.monotonic()
        reset(clean_lab)
        assert late.result().status_code == 500
        logged = len(read_log(clean_lab.target.request_log))
        time.sleep(max(0.0, 1.7 - (time.monotonic() - started)))
    assert call("target", "GET", "/late").status_code == 404
    assert len(read_log(clean_lab.target.request_log)) == logged + 1


def test_a_wrong_rule_is_not_taken(clean_lab):
    reply = requests.post(clean_lab.admin_url + "/rules", json={"path": "("}, timeout=10)
    assert reply.status_code == 400
    assert requests.get(clean_lab.admin_url + "/rules", timeout=10).json() == []


def test_the_account_holds_what_the_description_says(lab):
    session = boto3.Session(lab.access_key_id, lab.secret_access_key, region_name="eu-west-1")
    who = session.client("sts", endpoint_url=lab.control_url).get_caller_identity()
    assert who["Arn"] == "arn:aws:iam::123456789012:user/migrator"
    found = session.client("opensearch", endpoint_url=lab.control_url).describe_domain(
        DomainName="orders-target"
    )
    assert found["DomainStatus"]["Endpoint"] == lab.target.host
    assert found["DomainStatus"]["EngineVersion"] == "OpenSearch_3.6"
    bucket = session.client("s3", endpoint_url=lab.control_url).head_bucket(Bucket=lab.bucket)
    assert bucket["BucketRegion"] == lab.bucket_region
    role = session.client("iam", endpoint_url=lab.control_url).get_role(RoleName=lab.role_arn.split("/")[-1])
    principals = role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
    assert "opensearchservice.amazonaws.com" in principals


def test_the_environment_leads_to_the_lab_only(lab):
    base = {"PATH": "/bin", "AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "x"}
    whole = child_environment(lab, base)
    assert whole == {"PATH": "/bin"} | environment(lab)
    assert whole["AWS_ENDPOINT_URL"] == lab.control_url
