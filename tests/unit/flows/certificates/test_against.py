"""A certificate of two domains is compared with two domains, and nothing less is called true."""

from pathlib import Path
from typing import Any

import pytest
from support.building import NO_AUTH, a_plan
from support.certified import a_key, a_verified_run
from support.fake_domain import FakeDomain

from flows.certificates.against import against
from flows.certificates.certify import Making, certify
from flows.certificates.keys import signer_of
from reports.model.certificate import Certificate
from runs.journal import now
from tasks.errors import PreconditionError


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """The certificate of a migration between two domains."""
    signer = signer_of(str(a_key(tmp_path)[0]))
    made = certify(a_verified_run(tmp_path / "state"), Making(signer, "bob@desk", now(), "snapferry 0"))
    assert made.statement.predicate.source
    return made.statement.predicate


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_a_plan_whose_source_is_a_snapshot_since_is_refused_before_anything_is_sent(
    certificate: Certificate, target: FakeDomain, tmp_path: Path, back: bool
) -> None:
    place: Any = {"endpoint": target.endpoint, "auth": NO_AUTH}
    plan = a_plan(source={"snapshot": "nightly"}, target=place)
    run = certificate.run.model_copy(update={"back": back})
    with pytest.raises(PreconditionError, match="source is a snapshot") as refused:
        against(certificate.model_copy(update={"run": run}), plan, tmp_path)
    assert "both of its domains" in refused.value.hint
    assert target.lines == []
