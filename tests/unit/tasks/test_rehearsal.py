"""How a plan becomes its rehearsal: which indices, under which names, on which target."""

from typing import Any

import pytest
from support.building import a_catalog, a_plan, a_resolution, a_stream_unit, a_unit

from reports.words.common import left_out
from tasks.errors import PreconditionError
from tasks.migration import Consents
from tasks.records.resolution import LeftOut, LeftOutReason
from tasks.rehearsal import left_out_of_plan, rehearsal_plan, rename_all, select_units, with_shadow
from tasks.selection.select import Selection

UNITS = (a_unit("orders-2024"), a_unit("orders-2025"), a_stream_unit("logs", ".ds-logs-000001"))
SERVICE = "https://search-orders-abcdefghijklmnopqrstuvwxyz.us-east-1.es.amazonaws.com"
OTHER = "https://search-other-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com"
SHADOW = "https://search-shadow-abcdefghijklmnopqrstuvwxyz.eu-central-1.es.amazonaws.com"


def managed(**changes: Any) -> Any:
    repository = {
        "name": "repo",
        "bucket": "my-snapshots",
        "region": "us-east-1",
        "role_arn": "arn:aws:iam::123456789012:role/Snapshots",
    }
    return a_plan(source={"endpoint": SERVICE}, target={"endpoint": OTHER, **changes}, repository=repository)


def names(units: Any) -> list[str]:
    return [unit.name for unit in units]


def test_without_a_choice_everything_is_rehearsed() -> None:
    assert names(select_units(UNITS, ())) == ["orders-2024", "orders-2025", "logs"]


def test_a_part_is_chosen_by_names_and_patterns() -> None:
    assert names(select_units(UNITS, ("*-2025", "logs"))) == ["orders-2025", "logs"]


def test_a_pattern_that_fits_nothing_is_refused() -> None:
    with pytest.raises(PreconditionError, match="--only nothing-\\* matches none"):
        select_units(UNITS, ("logs", "nothing-*"))


def test_every_name_gets_the_prefix_whether_it_is_taken_or_not() -> None:
    plan = rehearsal_plan(a_plan(), names(UNITS), "try-")
    decision = rename_all(UNITS, a_catalog("orders-2024"), plan, Consents())
    assert decision.problems == ()
    assert [unit.target for unit in decision.units] == ["try-orders-2024", "try-orders-2025", "try-logs"]
    assert decision.units[2].indices[0].target == ".ds-try-logs-000001"


def test_a_prefixed_name_that_is_taken_is_a_problem() -> None:
    plan = rehearsal_plan(a_plan(), names(UNITS), "try-")
    decision = rename_all(UNITS, a_catalog("try-orders-2024"), plan, Consents())
    assert any("try-orders-2024" in problem for problem in decision.problems)


def test_a_backing_index_that_would_keep_its_real_name_is_a_problem() -> None:
    units = (a_stream_unit("logs", ".ds-logs-000001", "taken-in"),)
    decision = rename_all(units, a_catalog(), rehearsal_plan(a_plan(), ["logs"], "try-"), Consents())
    (problem,) = decision.problems
    assert problem.startswith("logs: its index taken-in would keep its own name on the target")


def test_aliases_stay_away_nothing_waits_and_all_else_is_as_planned() -> None:
    settings = {"index_settings": {"index.number_of_replicas": 2}, "batch": 7}
    gates = {"before-restore": {"timeout": "2h"}}
    plan = rehearsal_plan(a_plan(restore=settings, verify={"level": "counts"}, gates=gates), ["a"], "try-")
    assert (plan.restore.aliases, plan.gates) == (False, {})
    assert (plan.restore.index_settings, plan.restore.batch) == ({"index.number_of_replicas": 2}, 7)
    assert plan.verify.level == "counts"


def test_a_shadow_domain_takes_the_targets_place_with_its_login() -> None:
    auth = {"type": "sigv4", "role_arn": "arn:aws:iam::123456789012:role/Migrator"}
    plan = with_shadow(managed(auth=auth), SHADOW)
    assert (plan.target.endpoint, plan.target.region) == (SHADOW, "eu-central-1")
    assert plan.target.auth.model_dump()["role_arn"] == auth["role_arn"]


def test_a_shadow_domain_by_name_is_looked_up_in_the_targets_region() -> None:
    plan = with_shadow(managed(), "shadow")
    assert (plan.target.domain, plan.target.endpoint, plan.target.region) == ("shadow", None, "eu-west-1")


def test_the_source_cannot_be_its_own_shadow() -> None:
    with pytest.raises(ValueError, match="source and target"):
        with_shadow(managed(), SERVICE)


def test_a_shadow_that_is_no_domain_is_refused_in_words_of_ours() -> None:
    with pytest.raises(ValueError, match="this is not an http or https URL") as caught:
        with_shadow(managed(), "nonsense://x")
    assert "validation error" not in str(caught.value)


def test_without_a_shadow_the_plan_is_as_it_was() -> None:
    plan = managed()
    assert with_shadow(plan, None) == plan


def test_names_keep_the_reasons_for_which_the_plan_leaves_them_out() -> None:
    """For the rehearsal alone, everything that it does not move is not included."""
    said = ("shut", "tmp-1", "orders-2025")
    resolution = a_resolution(a_unit("orders-2024")).model_copy(
        update={"left_out": tuple(LeftOut(name=name, reason=LeftOutReason.NOT_INCLUDED) for name in said)}
    )
    real = Selection(
        UNITS,
        (
            LeftOut(name="shut", reason=LeftOutReason.CLOSED, detail="indices.closed: move takes it along"),
            LeftOut(name="tmp-1", reason=LeftOutReason.EXCLUDED),
        ),
        (),
    )
    shown = [left_out(item) for item in left_out_of_plan(resolution, real).left_out]
    assert shown == ["closed (indices.closed: move takes it along)", "in indices.exclude", "not in --only"]
