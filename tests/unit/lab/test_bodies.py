"""Request bodies are checked in every notation; a body that cannot be checked does not pass."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from support.small_lab import OneCaller, SmallLab

from lab.account.directory import Bucket, Role
from lab.account.policies import Policy, parse

ROLE = "arn:aws:iam::123456789012:role/Snapshots"
TRUST = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}'
REGISTRATION = {"type": "s3", "settings": {"bucket": "snapshots", "base_path": "a", "role_arn": ROLE}}
FORBIDDEN = {"persistent": {"cluster.routing.allocation.enable": "none"}}


def may(*actions: str) -> Policy:
    return parse(json.dumps({"Statement": {"Effect": "Allow", "Action": list(actions), "Resource": "*"}}))


class Account(OneCaller):
    """One user, one bucket, and a role that may do everything there."""

    def __init__(self, *actions: str) -> None:
        self.user = may(*(actions or ("*",)))

    def policies(self, identity: str) -> tuple[Policy, ...]:
        return (self.user,)

    def role(self, arn: str) -> Role | None:
        return Role(ROLE, parse(TRUST), (may("*"),)) if arn == ROLE else None

    def bucket_region(self, bucket: str) -> str | None:
        return "us-east-1"

    def bucket(self, name: str) -> Bucket | None:
        return Bucket("us-east-1")


def bare(content: bytes) -> bytes:
    """Deflated as some clients do it, without the frame around."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACKED = [
    ("gzip", gzip.compress), ("x-gzip", gzip.compress), ("GZIP", gzip.compress),
    ("deflate", zlib.compress), ("deflate", bare), ("identity", bytes),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "pack"), PACKED)
def test_a_packed_registration_passes_no_role_unseen(tmp_path, encoding, pack):
    lab = SmallLab(tmp_path, account=Account("es:*"))
    body = pack(json.dumps(REGISTRATION).encode())
    reply = lab.call("PUT", "/_snapshot/a", data=body, content_encoding=encoding)
    assert (reply.status_code, lab.reached) == (403, [])
    assert f"iam:PassRole on resource: {ROLE}" in reply.json()["Message"]


def test_a_slash_more_is_the_same_registration(tmp_path):
    lab = SmallLab(tmp_path, account=Account("es:*"))
    for path in ("/_snapshot/a", "/_snapshot/a/", "/_snapshot/a//"):
        assert lab.call("PUT", path, REGISTRATION).status_code == 403
    assert lab.reached == []


def test_a_packed_registration_goes_to_the_shared_folder(tmp_path):
    lab = SmallLab(tmp_path, account=Account(), shared="/shared")
    body = gzip.compress(json.dumps(REGISTRATION).encode())
    assert lab.call("PUT", "/_snapshot/a", data=body, content_encoding="gzip").status_code == 200
    (sent,) = lab.engine.seen
    assert json.loads(sent.body)["settings"]["location"] == "/shared/snapshots/a"
    assert "content-encoding" not in sent.headers


def test_a_packed_body_that_stays_goes_on_as_it_came(tmp_path):
    lab = SmallLab(tmp_path, account=Account())
    body = gzip.compress(json.dumps(REGISTRATION).encode())
    assert lab.call("PUT", "/_snapshot/a", data=body, content_encoding="gzip").status_code == 200
    (sent,) = lab.engine.seen
    assert (sent.body, sent.headers["content-encoding"]) == (body, "gzip")


@pytest.mark.parametrize(("encoding", "pack"), PACKED)
def test_packed_settings_are_of_the_list_too(tmp_path, encoding, pack):
    lab = SmallLab(tmp_path)
    body = pack(json.dumps(FORBIDDEN).encode())
    reply = lab.call("PUT", "/_cluster/settings", data=body, content_encoding=encoding)
    assert (reply.status_code, "payload is not allowed" in reply.text, lab.reached) == (401, True, [])


PLAIN = json.dumps(REGISTRATION).encode()
UNREADABLE = {
    "a comment": ("", b"/* a comment */" + PLAIN),
    "two documents": ("", PLAIN + b" {}"),
    "YAML": ("", b"type: s3\npersistent:\n  a.b: 1\n"),
    "CBOR": ("", b"\xbf\x64type\x62s3\xff"),
    "no number": ("", b'{"type": NaN}'),
    "too deep": ("", b"[" * 100_000),
    "an unknown encoding": ("br", PLAIN),
    "not packed": ("gzip", PLAIN),
    "half a stream": ("gzip", gzip.compress(PLAIN)[:-4]),
    "two streams": ("gzip", gzip.compress(PLAIN) + gzip.compress(b"more")),
    "packed twice": ("gzip, gzip", gzip.compress(gzip.compress(PLAIN))),
}


@pytest.mark.parametrize("path", ["/_snapshot/a", "/_cluster/settings"])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_only_an_engine_could_read_does_not_reach_it(tmp_path, path, kind):
    lab, (encoding, body) = SmallLab(tmp_path), UNREADABLE[kind]
    packed = {"content_encoding": encoding} if encoding else {}
    reply = lab.call("PUT", path, data=body, **packed)
    assert (reply.status_code, reply.json()["status"], lab.reached) == (400, 400, [])
    assert reply.json()["error"]["type"] == "json_parse_exception"


def test_where_the_body_is_not_looked_at_it_may_be_anything(tmp_path):
    lab = SmallLab(tmp_path)
    for method, path in (("POST", "/_bulk"), ("PUT", "/_snapshot/a/one"), ("GET", "/_cluster/settings")):
        assert lab.call(method, path, data=b"a: b", content_encoding="br").status_code == 200
    assert len(lab.reached) == 3


def test_with_warm_indices_a_snapshots_body_is_looked_at(tmp_path):
    lab = SmallLab(tmp_path)
    lab.turn(warm_indices=["w"])
    lab.engine.on("GET /_cat/indices/w,hot", 200, [{"index": "w"}, {"index": "hot"}])
    assert lab.call("PUT", "/_snapshot/a/one", data=b"indices: w").status_code == 400
    packed = gzip.compress(b'{"indices": "w,hot"}')
    mixed = lab.call("PUT", "/_snapshot/a/one", data=packed, content_encoding="gzip")
    assert (mixed.status_code, "hot and warm" in mixed.text) == (400, True)
    default = lab.call("PUT", "/_snapshot/a/one", data=gzip.compress(b"{}"), content_encoding="gzip")
    assert default.status_code == 200
    sent = lab.engine.seen[-1]
    assert json.loads(sent.body) == {"indices": ["*", "-w"]}
    assert "content-encoding" not in sent.headers
