"""Which indices a policy deletes as soon as it is attached."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.metadata.policy_hazards import duration_ms, hazard, repositories_in

DAY = 86_400_000


def policy(*states: dict[str, Any], first: str = "hot") -> dict[str, Any]:
    return {"default_state": first, "states": list(states)}


def state(name: str, *actions: str, **ways: Any) -> dict[str, Any]:
    """A state; each way is a state's name with its conditions (None: without any)."""
    transitions = [
        {"state_name": target, **({"conditions": conditions} if conditions else {})}
        for target, conditions in ways.items()
    ]
    return {"name": name, "actions": [{action: {}} for action in actions], "transitions": transitions}


GONE = state("gone", "delete")
BY_AGE = policy(state("hot", gone={"min_index_age": "30d"}), GONE)


@pytest.mark.parametrize(("age", "states"), [(29, None), (30, ("hot", "gone")), (400, ("hot", "gone"))])
def test_age_decides(age: int, states: tuple[str, ...] | None) -> None:
    found = hazard("p", BY_AGE, "i", age * DAY)
    assert (found.states if found else None) == states
    assert found is None or (found.certain and found.age_days == age)


def test_states_are_passed_one_after_the_other() -> None:
    staged = policy(
        state("hot", warm={"min_index_age": "7d"}),
        state("warm", "force_merge", cold={"min_index_age": "14d"}),
        state("cold", gone={"min_index_age": "60d"}),
        GONE,
    )
    assert hazard("p", staged, "i", 59 * DAY) is None
    found = hazard("p", staged, "i", 60 * DAY)
    assert found and found.states == ("hot", "warm", "cold", "gone") and found.certain


def test_an_index_begins_in_the_state_that_it_was_in() -> None:
    staged = policy(
        state("hot", warm={"min_doc_count": 5}), state("warm", gone={"min_index_age": "30d"}), GONE
    )
    assert hazard("p", staged, "i", 40 * DAY) is None
    found = hazard("p", staged, "i", 40 * DAY, "warm")
    assert found and found.states == ("warm", "gone")


def test_a_state_that_deletes_by_itself_and_one_without_conditions() -> None:
    assert hazard("p", policy(GONE, first="gone"), "i", 0)
    assert hazard("p", policy(state("hot", gone=None), GONE), "i", 0)


def test_what_waits_for_a_rollover_is_not_certain() -> None:
    rolled = policy(state("hot", "rollover", gone={"min_index_age": "30d"}), GONE)
    found = hazard("p", rolled, "i", 40 * DAY)
    assert found and not found.certain


def test_an_age_that_cannot_be_read_is_not_taken_for_harmless() -> None:
    found = hazard("p", policy(state("hot", gone={"min_index_age": "a while"}), GONE), "i", 0)
    assert found and not found.certain


def test_a_circle_of_states_ends() -> None:
    assert hazard("p", policy(state("hot", warm=None), state("warm", hot=None)), "i", DAY) is None


KEYS = ("states", "name", "actions", "transitions", "conditions", "state_name", "default_state")
ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=4),
)


@given(ANYTHING)
def test_any_policy_is_survived(body: Any) -> None:
    hazard("p", body if isinstance(body, dict) else {"states": body}, "i", DAY)


@pytest.mark.parametrize(
    ("said", "ms"), [("30d", 30 * DAY), ("12h", DAY // 2), ("5ms", 5), ("x", None), (3, None)]
)
def test_times_are_read(said: Any, ms: int | None) -> None:
    assert duration_ms(said) == ms


def test_the_repositories_of_a_policy_are_found() -> None:
    taking = policy(
        {"name": "hot", "actions": [{"snapshot": {"repository": "r", "snapshot": "s"}}, {"delete": {}}]}
    )
    assert repositories_in("index-policies", taking) == {"r"}
    assert repositories_in("snapshot-policies", {"snapshot_config": {"repository": "q"}}) == {"q"}
    assert repositories_in("snapshot-policies", {"snapshot_config": []}) == frozenset()
