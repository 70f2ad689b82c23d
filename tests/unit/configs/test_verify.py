"""The plan's `verify`: what it may say, and that a run's record of it says the same again."""

from pathlib import Path

import pytest
from support.building import a_plan

from configs.loading.loader import parse_plan
from configs.verify import VerifySettings
from runs.begun_plan import plan_as_now, plan_record

TEXT = """
name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: orders, bucket: my-snapshots}
verify:
  level: content
  sample: 1
  seed: 7
  queries:
    - {index: "orders-*", query: {term: {status: paid}}, equal: true, aggs: {total: {sum: {field: amount}}}}
    - {index: people, query: {match_all: {}}, expect: 5}
    - {index: people, query: {match_all: {}}, expect: {min: 3}, equal: true}
"""


def test_a_plan_with_everything_under_verify() -> None:
    verify = parse_plan(TEXT, Path("plan.yaml")).verify
    assert (verify.level, verify.sample, verify.seed) == ("content", 1.0, 7)
    first, second, third = verify.queries
    assert (first.index, first.query, first.equal) == ("orders-*", {"term": {"status": "paid"}}, True)
    assert second.expect and third.expect
    assert [second.expect.fits(count) for count in (4, 5, 6)] == [False, True, False]
    assert [third.expect.fits(count) for count in (2, 3, 10**9)] == [False, True, True]
    assert [str(each.expect) for each in (second, third)] == ["5", "at least 3"]


def test_what_a_run_keeps_of_it_is_the_same_when_it_is_read_again() -> None:
    record = plan_record(parse_plan(TEXT, Path("plan.yaml")))
    assert plan_as_now(record) == record
    before = plan_record(a_plan())
    older = {**before, "verify": {"level": "counts"}}
    assert plan_as_now(older)["verify"] == {**before["verify"], "level": "counts"}


@pytest.mark.parametrize("sample", [0, -0.5, 1.01, float("nan"), float("inf")])
def test_a_share_is_more_than_nothing_and_at_most_all(sample: float) -> None:
    with pytest.raises(ValueError, match="more than 0 and at most 1"):
        VerifySettings(sample=sample)
