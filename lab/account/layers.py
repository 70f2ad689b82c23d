"""Layers before moto that add what it lacks of IAM, STS, S3 and the control plane."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from lab.account import domain_status, lookups, native_paths, ownership, pausing, simulation
from lab.account.directory import Caller, Directory, account_of
from lab.account.s3_actions import path_of
from lab.account.s3_refusal import refused
from lab.account.server import Environ, Layer, StartResponse, body_of
from lab.engines.engine_files import ENGINE_ACCESS_KEY
from lab.settings import ACCOUNT

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
CONFIGURATION = re.compile(r"/2021-01-01/opensearch/domain/([a-z][a-z0-9-]+)/config")
PACKAGES = re.compile(r"/2021-01-01/domain/[a-z][a-z0-9-]+/packages")
DEFAULT_ENCRYPTION = (
    '<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>'
    "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
    "<BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
)


def layers(directory: Directory) -> list[Layer]:
    """The layers, in the order of requests."""

    def simulated(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """`iam:SimulatePrincipalPolicy`."""
        if _signed_for(environ) != "iam" or environ["REQUEST_METHOD"] != "POST":
            return None
        body = body_of(environ)
        if not simulation.is_asked(body):
            return None
        reply = simulation.simulate(body, directory)
        return _answer(start_response, reply.status, reply.xml, {"content-type": "text/xml"})

    def redirected(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Answer 301 for a bucket in another Region than the request is signed for."""
        bucket = _bucket(environ)
        real = directory.bucket_region(bucket) if bucket else None
        if real is None or real == _region(environ) or _is_for_every_region(environ):
            return None
        body_of(environ)
        shown = "" if environ["REQUEST_METHOD"] == "HEAD" else _redirect(bucket, real)
        return _answer(start_response, 301, shown, {"x-amz-bucket-region": real})

    def encrypted(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """The default encryption of every bucket since 2023."""
        bucket = _bucket(environ)
        asked = environ["REQUEST_METHOD"] == "GET" and "encryption" in _query(environ)
        if not bucket or not asked or directory.has_encryption_rule(bucket) is not False:
            return None
        return _answer(start_response, 200, DEFAULT_ENCRYPTION, {})

    def unpacked(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """`ListPackagesForDomain`: no domain has packages."""
        if environ["REQUEST_METHOD"] != "GET" or not PACKAGES.fullmatch(environ["PATH_INFO"]):
            return None
        nothing = b'{"DomainPackageDetailsList": []}'
        return _sent(start_response, 200, nothing, {"content-type": "application/json"})

    return [
        _routed,
        _authorizing(directory),
        _enforced,
        simulated,
        redirected,
        encrypted,
        unpacked,
        _pausing(directory),
        _native(directory),
    ]


def _routed(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
    """Let a KMS key's own account answer a request that names it by its ARN; moto asks the caller's."""
    if _signed_for(environ) == "kms":
        named = lookups.key_named(body_of(environ))
        if named.startswith("arn:"):
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_of(named)
    return None


def _enforced(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
    """The Object Ownership of every new bucket since 2023, unless the request names another."""
    if _signed_for(environ) == "s3" and _makes_a_bucket(environ):
        environ.setdefault("HTTP_X_AMZ_OBJECT_OWNERSHIP", ownership.ENFORCED)
    return None


def _pausing(directory: Directory) -> Layer:
    def paused(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Handle the pause of automated snapshots in `UpdateDomainConfig`: accept it, or refuse the whole
        request. Moto handles the other options, and answers."""
        found = CONFIGURATION.fullmatch(environ["PATH_INFO"])
        if found is None or environ["REQUEST_METHOD"] != "POST":
            return None
        asked = json.loads(body_of(environ) or b"{}")
        domain = domain_status.moto_domain(_account(directory, environ), _region(environ), found.group(1))
        if domain is None or pausing.OPTIONS not in asked:
            return None
        why = pausing.take(domain, asked[pausing.OPTIONS])
        return _refused(start_response, 400, "ValidationException", why) if why else None

    return paused


def _native(directory: Directory) -> Layer:
    def native(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Upgrades and replication, which moto lacks."""
        if _signed_for(environ) != "es":
            return None
        place = native_paths.Place(_account(directory, environ), _region(environ))
        body, query = body_of(environ), environ.get("QUERY_STRING", "")
        found = native_paths.answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, body, place)
        if isinstance(found, native_paths.Refusal):
            return _refused(start_response, found.status, found.kind, found.said)
        if found is None:
            return None
        headers = {"content-type": "application/json"}
        return _sent(start_response, 200, json.dumps(found).encode(), headers)

    return native


def _authorizing(directory: Directory) -> Layer:
    def authorized(environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Whether the caller may assume the role or send the request."""
        caller = _caller(directory, environ)
        if caller is None:
            return None
        call = _call(environ, caller)
        look = _look(call, directory)
        for asked in filter(None, (look, _copied(environ, call, directory))):
            if lookups.decided(asked, caller, directory) != "allowed":
                region = directory.bucket_region(_bucket(environ))
                return _denied(start_response, call, lookups.words(asked, caller), region)
        if look is not None and lookups.only_at_home(look, caller, directory):
            said = "The specified method is not allowed against this resource."
            return refused(environ, start_response, "405 Method Not Allowed", "MethodNotAllowed", said)
        if call.service == "s3" and call.on_s3.writes_an_object:
            acl = environ.get("HTTP_X_AMZ_ACL", "")
            ownership.note(call.on_s3.bucket, call.on_s3.key, caller.account, acl)
        return None

    return authorized


def _look(call: lookups.Call, directory: Directory) -> lookups.Look | None:
    """What to authorize: of requests to S3 all to another account's bucket or object, else only some."""
    bucket = directory.bucket(call.on_s3.bucket) if call.service == "s3" else None
    if bucket is not None and (bucket.account != call.account or call.on_s3.key in bucket.owners):
        return lookups.across_accounts_look(call)
    return lookups.look_of(call)


def _copied(environ: Environ, call: lookups.Call, directory: Directory) -> lookups.Look | None:
    """Reading the object that a request to S3 copies, where that is to be authorized."""
    source = unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "").partition("?")[0].lstrip("/"))
    if call.service != "s3" or not source:
        return None
    return _look(replace(call, method="GET", path=f"/{source}", query=""), directory)


def _caller(directory: Directory, environ: Environ) -> Caller | None:
    found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return directory.caller(found.group(1)) if found else None


def _account(directory: Directory, environ: Environ) -> str:
    """The caller's account; the lab's own for an unknown caller, as in moto."""
    caller = _caller(directory, environ)
    return caller.account if caller else ACCOUNT


def _call(environ: Environ, caller: Caller) -> lookups.Call:
    return lookups.Call(
        _signed_for(environ),
        _region(environ),
        environ["REQUEST_METHOD"],
        path_of(environ),
        environ.get("QUERY_STRING", ""),
        environ.get("HTTP_X_AMZ_TARGET", ""),
        body_of(environ) if _signed_for(environ) != "s3" else b"",
        caller.account,
    )


def _denied(
    start_response: StartResponse, call: lookups.Call, said: str, region: str | None
) -> Iterable[bytes]:
    """Answer 403 in the service's form: JSON for the control plane and KMS, XML for the others; S3 still
    names the bucket's Region."""
    if call.service in {"es", "kms"}:
        return _refused(start_response, 403, "AccessDeniedException", said)
    error = f"<Code>AccessDenied</Code><Message>{escape(said)}</Message>"
    if call.service == "s3":
        shown = "" if call.method == "HEAD" else f"<Error>{error}<RequestId>lab</RequestId></Error>"
        return _answer(start_response, 403, shown, {"x-amz-bucket-region": region} if region else {})
    whole = f"<Error><Type>Sender</Type>{error}</Error><RequestId>lab</RequestId>"
    return _answer(start_response, 403, f"<ErrorResponse>{whole}</ErrorResponse>", {})


def _refused(start_response: StartResponse, status: int, kind: str, said: str) -> Iterable[bytes]:
    told = json.dumps({"__type": kind, "message": said}).encode()
    return _sent(start_response, status, told, {"content-type": "application/json", "x-amzn-errortype": kind})


def _signed_for(environ: Environ) -> str:
    """The service that the request is signed for; empty if unsigned, or if an engine signed it: the front
    doors decide what an engine's S3 client reaches."""
    found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(3) if found and found.group(1) != ENGINE_ACCESS_KEY else ""


def _region(environ: Environ) -> str:
    found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(2) if found else ""


def _bucket(environ: Environ) -> str:
    """The bucket of a request signed for S3; empty for any other request."""
    return environ["PATH_INFO"].split("/")[1] if _signed_for(environ) == "s3" else ""


def _is_for_every_region(environ: Environ) -> bool:
    """Whether the request creates or locates a bucket, which works in every Region."""
    return _makes_a_bucket(environ) or "location" in _query(environ)


def _makes_a_bucket(environ: Environ) -> bool:
    whole_bucket = not environ["PATH_INFO"].strip("/").count("/")
    return environ["REQUEST_METHOD"] == "PUT" and whole_bucket and not _query(environ)


def _query(environ: Environ) -> dict[str, list[str]]:
    return parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)


def _redirect(bucket: str, region: str) -> str:
    return (
        "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be "
        "addressed using the specified endpoint. Please send all future requests to this endpoint.</Message>"
        f"<Endpoint>{escape(bucket)}.s3.{region}.amazonaws.com</Endpoint><Bucket>{escape(bucket)}</Bucket>"
        "<RequestId>lab</RequestId><HostId>lab</HostId></Error>"
    )


def _answer(start_response: StartResponse, status: int, xml: str, headers: dict[str, str]) -> Iterable[bytes]:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode() if xml else b""
    return _sent(start_response, status, body, {"content-type": "application/xml", **headers})


def _sent(
    start_response: StartResponse, status: int, body: bytes, headers: dict[str, str]
) -> Iterable[bytes]:
    sent = {"content-length": str(len(body)), **headers}
    start_response(f"{status} {HTTPStatus(status).phrase}", list(sent.items()))
    return [body]
