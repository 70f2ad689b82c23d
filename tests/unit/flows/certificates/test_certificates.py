"""A certificate says what a run has proved, and nothing in it can be changed unnoticed."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import forged
from support.certified import a_key, a_verdict, a_verified_run, by_openssl

from flows.certificates.certify import Certified, Making, certify
from flows.certificates.check import check
from flows.certificates.envelope import opened
from flows.certificates.keys import public_key_of, signer_of
from reports.model.certificate import canonical
from runs.journal import Journal, now
from runs.run_status import RunStatus
from runs.stores.registry import store_of
from runs.verbs import Verb
from tasks.errors import PreconditionError, VerificationFailed

Keys = tuple[Path, Path]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """The files of a private and of a public key."""
    return a_key(tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """The journal of a run that was verified."""
    return a_verified_run(tmp_path / "state")


def made(journal: Journal, private: Path, plan: Path | None = None) -> Certified:
    how = Making(signer_of(str(private)), "bob@desk", now().replace(microsecond=0), "snapferry 0")
    return certify(journal, how, plan)


def content(journal: Journal) -> bytes:
    return store_of(journal.path).read(journal.path)


# what it says


def test_it_says_what_was_proved_and_by_whom(journal: Journal, keys: Keys, tmp_path: Path) -> None:
    plan = tmp_path / "orders.yaml"
    plan.write_text("name: orders\n")
    made_now = made(journal, keys[0], plan)
    found = check(made_now.content, keys[1], content(journal))
    assert (found.valid, found.trusted, found.journal) == (True, True, "as certified")
    told = found.statement.predicate
    assert (told.verdict, told.level, told.run.id) == ("equal", "operations", journal.run_id)
    assert [(each.gate, each.by) for each in told.run.approvals] == [("before-restore", "ann@desk")]
    assert told.limits[0].startswith("equal figures up to a mark prove equality only if")
    assert told.source and told.source.version == "OpenSearch 3.6.0"
    assert told.journal.sha256 == hashlib.sha256(content(journal)).hexdigest()
    assert told.journal.head == journal.document.head
    assert [each.name for each in found.statement.subject] == [
        "plan:orders",
        "plan-file:orders.yaml",
        "source:orders/orders-on-source",
        "target:orders/orders-on-target",
    ]
    assert found.statement.subject[1].digest.sha256 == hashlib.sha256(plan.read_bytes()).hexdigest()
    digests = [each.digest.sha256 for each in found.statement.subject[2:]]
    figures = {"kind": "operations", "shards": [{"documents": 3, "sum": 30, "last": 12}]}
    assert digests == [hashlib.sha256(canonical(figures)).hexdigest()] * 2


def test_it_is_an_envelope_that_other_tools_read(journal: Journal, keys: Keys) -> None:
    envelope = json.loads(made(journal, keys[0]).content)
    assert envelope.keys() == {"payload", "payloadType", "signatures"}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "urn:snapferry:certificate:v1"
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", str(keys[1]), "-outform", "DER"], capture_output=True, check=True
    ).stdout
    assert envelope["signatures"][0]["keyid"] == hashlib.sha256(der).hexdigest()


# what is refused to be certified


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (a_verdict(outcome="different"), RunStatus.DIFFERENT),
        (a_verdict(outcome="not compared"), RunStatus.DIFFERENT),
        (a_verdict(), RunStatus.FAILED),
        (a_verdict(), RunStatus.INTERRUPTED),
        (a_verdict(), RunStatus.RUNNING),
        (a_verdict(figures=None), RunStatus.DONE),
    ],
    ids=["different", "not compared", "failed", "interrupted", "running", "without figures"],
)
def test_what_was_not_proved_is_not_certified(
    tmp_path: Path, keys: Keys, verdict: Any, status: RunStatus
) -> None:
    with pytest.raises(PreconditionError):
        made(a_verified_run(tmp_path / "state", [verdict], status), keys[0])


def test_a_source_that_was_written_to_since_is_certified_as_that(tmp_path: Path, keys: Keys) -> None:
    bracketed = a_verdict("b", outcome="bracketed")
    run = a_verified_run(tmp_path / "state", [a_verdict(), bracketed], RunStatus.DIFFERENT)
    assert opened(made(run, keys[0]).content).statement.predicate.verdict == "bracketed"


def test_a_run_that_leaves_nothing_is_not_certified(journal: Journal, keys: Keys) -> None:
    journal.document.verb = Verb.REHEARSE
    journal.save()
    with pytest.raises(PreconditionError, match="leaves nothing"):
        made(journal, keys[0])


def test_a_journal_that_was_changed_is_not_certified(journal: Journal, keys: Keys) -> None:
    journal.path.write_bytes(content(journal).replace(b'"ann@desk"', b'"eve@desk"'))
    with pytest.raises(PreconditionError, match="proves nothing"):
        made(journal, keys[0])


def test_a_journal_of_before_has_no_chain_and_is_not_certified(journal: Journal, keys: Keys) -> None:
    old = {k: v for k, v in json.loads(content(journal)).items() if k not in {"chain", "head", "seal"}}
    journal.path.write_text(json.dumps(old))
    with pytest.raises(PreconditionError, match="has no chain") as refused:
        made(journal, keys[0])
    assert "--new-run" in refused.value.hint


# what is found


@pytest.mark.slow
def test_each_byte_and_each_bit_that_is_flipped_is_found(journal: Journal, keys: Keys) -> None:
    whole = made(journal, keys[0]).content
    for place in range(len(whole)):
        for bit in (1 << (place % 8),) if place % 16 else range(1, 256, 37):
            changed = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
            with pytest.raises(VerificationFailed):
                check(changed, keys[1], None)


def test_each_byte_of_the_journal_that_is_flipped_is_found(journal: Journal, keys: Keys) -> None:
    certificate, whole = made(journal, keys[0]).content, content(journal)
    statement = opened(certificate).statement
    from flows.certificates.check import journal_check

    assert journal_check(statement, whole).state == "as certified"
    for place in range(len(whole)):
        changed = whole[:place] + bytes([whole[place] ^ 1 << (place % 8)]) + whole[place + 1 :]
        assert journal_check(statement, changed).state == "not the one certified"


def again(whole: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    envelope = json.loads(whole)
    change(envelope)
    return canonical(envelope) + b"\n"


def payload(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def changed(envelope: dict[str, Any]) -> None:
        statement = json.loads(base64.b64decode(envelope["payload"]))
        change(statement)
        envelope["payload"] = base64.b64encode(canonical(statement)).decode()

    return changed


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda e: e.update(more=1), id="another key"),
        pytest.param(lambda e: e.update(payloadType="text/plain"), id="another type"),
        pytest.param(lambda e: e["signatures"].append(e["signatures"][0]), id="a second signature"),
        pytest.param(lambda e: e.update(signatures=[]), id="no signature"),
        pytest.param(lambda e: e["signatures"][0].update(by="ann"), id="more about the signature"),
        pytest.param(lambda e: e["signatures"][0].update(keyid="0" * 64), id="another key id"),
        pytest.param(payload(lambda s: s["predicate"].update(verdict="as recorded")), id="another verdict"),
        pytest.param(payload(lambda s: s["predicate"].update(limits=[])), id="no limits"),
        pytest.param(payload(lambda s: s.update(subject=[])), id="no subjects"),
    ],
)
def test_what_is_changed_is_found(
    journal: Journal, keys: Keys, change: Callable[[dict[str, Any]], None]
) -> None:
    with pytest.raises(VerificationFailed):
        check(again(made(journal, keys[0]).content, change), keys[1], None)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda text: text.rstrip(), id="no line end"),
        pytest.param(lambda text: text + b" ", id="a space"),
        pytest.param(lambda text: json.dumps(json.loads(text), indent=1).encode(), id="indented"),
        pytest.param(
            lambda text: text.replace(b'{"payload"', b'{"payload":"","payload"', 1), id="a key twice"
        ),
        pytest.param(lambda text: b"\xef\xbb\xbf" + text, id="a mark in front"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"[" * 100_000, id="deep"),
        pytest.param(lambda _: b"\xff\xfe", id="no text"),
        pytest.param(lambda _: b'{"payload":1,"payloadType":2,"signatures":[{}]}\n', id="other types"),
    ],
)
def test_a_certificate_has_one_form(journal: Journal, keys: Keys, form: Callable[[bytes], bytes]) -> None:
    with pytest.raises(VerificationFailed):
        check(form(made(journal, keys[0]).content), keys[1], None)


def resigned(private: Path, whole: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The certificate changed, and signed again by whoever has the key."""
    from securesystemslib.dsse import Envelope

    statement = json.loads(base64.b64decode(json.loads(whole)["payload"]))
    change(statement)
    envelope = Envelope(canonical(statement), "application/vnd.in-toto+json", {})
    envelope.sign(signer_of(str(private)))
    return canonical(envelope.to_dict()) + b"\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda s: s.update(predicateType="urn:snapferry:certificate:v2"),
            "does not know certificates of type",
        ),
        (lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"), "no statement of a migration"),
        (lambda s: s["predicate"].update(more=1), "no statement of a migration"),
        (lambda s: s["predicate"]["indices"][0]["figures"]["target"][0].update(documents=4), "digests"),
        (lambda s: s["subject"].pop(), "digests"),
        (lambda s: s["subject"][0].update(name="plan:other"), "which plan"),
        (lambda s: s["predicate"]["indices"][0].update(source_count="3"), "not written as"),
    ],
)
def test_a_signature_alone_does_not_make_a_certificate(
    journal: Journal, keys: Keys, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    with pytest.raises(VerificationFailed, match=said):
        check(resigned(keys[0], made(journal, keys[0]).content, change), keys[1], None)


# whose it is


def test_a_key_that_nobody_vouches_for_is_not_trusted(journal: Journal, keys: Keys, tmp_path: Path) -> None:
    certificate = made(journal, keys[0]).content
    unknown = check(certificate, None, None)
    assert (unknown.valid, unknown.trusted) == (False, False)
    assert unknown.key == public_key_of(keys[1]).keyid
    other = check(certificate, a_key(tmp_path, "other")[1], None)
    assert (other.valid, other.trusted) == (False, False)


def test_one_who_signs_it_anew_is_not_the_one_who_is_trusted(
    journal: Journal, keys: Keys, tmp_path: Path
) -> None:
    theirs = a_key(tmp_path, "theirs")
    forged = made(journal, theirs[0]).content
    assert not check(forged, keys[1], None).valid
    with pytest.raises(VerificationFailed):  # under the name of the trusted key
        check(resigned(theirs[0], made(journal, keys[0]).content, lambda _: None), keys[1], None)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-algorithm", "ed25519"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
        ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    ],
    ids=["ed25519", "P-256", "P-384", "P-521", "RSA"],
)
def test_keys_that_openssl_makes_sign(journal: Journal, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    private, public = by_openssl(tmp_path, *arguments)
    assert check(made(journal, private).content, public, None).valid


@pytest.mark.parametrize(
    "arguments",
    [
        ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
        (
            "-algorithm",
            "ed448",
        ),
    ],
    ids=["too short", "another curve", "another kind"],
)
def test_other_keys_do_not(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    private, _ = by_openssl(tmp_path, *arguments)
    with pytest.raises(PreconditionError, match="sign no certificates"):
        signer_of(str(private))


def test_a_passphrase_that_is_missing_or_wrong_is_told(tmp_path: Path) -> None:
    private, _ = a_key(tmp_path, passphrase=b"right")
    assert signer_of(str(private), "right").public_key
    with pytest.raises(PreconditionError, match="is encrypted"):
        signer_of(str(private))
    with pytest.raises(PreconditionError, match="passphrase is another one") as refused:
        signer_of(str(private), "wrong-one")
    assert "wrong-one" not in str(refused.value)
    with pytest.raises(PreconditionError, match="is not encrypted"):
        signer_of(str(a_key(tmp_path, "plain")[0]), "right")


@pytest.mark.parametrize(
    "text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "k"
    file.write_text(text)
    for read in (lambda: signer_of(str(file)), lambda: public_key_of(file)):
        with pytest.raises(PreconditionError) as refused:
            read()
        assert refused.value.hint
    with pytest.raises(PreconditionError, match="cannot read"):
        signer_of(str(tmp_path / "missing"))


# the journal


def test_a_journal_that_has_gone_on_is_still_the_one(journal: Journal, keys: Keys) -> None:
    certificate = made(journal, keys[0]).content
    with journal.step("finish"):
        pass
    found = check(certificate, keys[1], content(journal))
    assert (found.valid, found.journal) == (True, "gone on since")
    assert found.journal_detail == "written since then: steps/finish"


@pytest.mark.parametrize("forgery", forged.FORGERIES.values(), ids=forged.FORGERIES.keys())
def test_a_journal_that_was_forged_and_sealed_anew_is_not_the_one(
    journal: Journal, keys: Keys, forgery: forged.Forgery
) -> None:
    certificate = made(journal, keys[0]).content
    changed = forged.resealed(content(journal), forgery)
    found = check(certificate, keys[1], changed)
    assert (found.valid, found.journal) == (False, "not the one certified")
    journal.path.write_bytes(changed)
    with pytest.raises(PreconditionError):
        made(Journal.load(journal.path), keys[0])


def test_another_journal_and_an_older_copy_are_not_the_one(
    journal: Journal, keys: Keys, tmp_path: Path
) -> None:
    older = content(journal)
    with journal.step("finish"):
        pass
    certificate = made(journal, keys[0]).content
    for other in (older, content(a_verified_run(tmp_path / "other"))):
        found = check(certificate, keys[1], other)
        assert (found.valid, found.journal) == (False, "not the one certified")
