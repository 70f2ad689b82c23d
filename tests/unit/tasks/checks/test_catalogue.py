"""The checks as a whole: their ids, their documentation, and what the plan makes of their results."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from support.building import a_plan

from configs.checks import IDS, CheckSettings
from domains.errors import SnapferryError
from tasks import checks
from tasks.checks.check import Check, Finding, check, fail, ok, side_check, unknown
from tasks.checks.registry import ALL, FIRST, THEN, WINDOW, deciding
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.survey import Inapplicable, Survey, Unlooked

DOCS = Path(__file__).parents[4] / "docs/checks.md"


def test_every_check_has_a_known_id_once() -> None:
    ids = [made.id for made in ALL]
    assert sorted(ids) == sorted(set(ids))
    assert set(ids) == set(IDS)


def test_every_check_is_written_in_the_package_or_module_of_its_group() -> None:
    for made in ALL:
        assert made.module.split(".")[:3] == ["tasks", "checks", made.group], made.id


def test_every_check_that_is_written_is_made() -> None:
    written = {
        made.id
        for found in walk_packages(checks.__path__, f"{checks.__name__}.")
        for made in vars(import_module(found.name)).values()
        if isinstance(made, Check)
    }
    assert written == {made.id for made in ALL}


def test_the_checks_are_made_in_the_order_of_their_documentation() -> None:
    for made in (FIRST, THEN, WINDOW):
        assert [each.id for each in made] == [each for each in IDS if each in {one.id for one in made}]


def test_every_check_has_its_section_in_the_documentation() -> None:
    headings = re.findall(r"^### (\S+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == list(IDS)


def survey(**checks: object) -> Survey:
    """A survey that asks nothing, under a plan with these `checks`."""
    return Survey(a_plan(checks=checks), {}, Consents())


def only(made: Check, **checks: object) -> Finding:
    """What one check comes to under a plan with these `checks`."""
    (record,) = run_checks(survey(**checks), (), (made,))
    return Finding(record.status, record.detail, record.waived, record.items, record.unknown)


@check("bucket.region", "always could not tell")
def cannot_tell(_: Survey) -> Finding:
    return unknown("no rights")


@check("bucket.lifecycle", "always fails")
def fails(_: Survey) -> Finding:
    return fail("a rule archives it")


@check("bucket.exists", "an error on the way")
def breaks(_: Survey) -> Finding:
    raise SnapferryError("the wire is cut", "mend it")


def test_what_could_not_be_looked_at_is_never_in_order() -> None:
    found = only(breaks)
    assert (found.status, found.unknown) == ("WARN", True)
    assert "could not tell: the wire is cut" in found.detail


def test_a_required_check_fails_when_it_could_not_tell() -> None:
    assert only(cannot_tell).status == "WARN"
    assert only(cannot_tell, require=["bucket.region"]).status == "FAIL"
    assert only(cannot_tell, require=["bucket.exists"]).status == "WARN"


@pytest.mark.parametrize("status", ["unlooked", "inapplicable"])
def test_a_required_check_fails_when_nobody_could_look_but_not_when_there_is_nothing(status: str) -> None:
    @check("bucket.path", "is not looked at")
    def unlooked(_: Survey) -> Finding:
        raise (Unlooked if status == "unlooked" else Inapplicable)("nobody is there")

    assert only(unlooked).status == "SKIP"
    required = only(unlooked, require=["bucket.path"])
    assert required.status == ("FAIL" if status == "unlooked" else "SKIP")


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), ValueError("x"), AttributeError("x")])
def test_a_check_that_breaks_costs_no_other_result(error: Exception) -> None:
    @check("bucket.path", "breaks")
    def broken(_: Survey) -> Finding:
        raise error

    @check("room.disk", "breaks, and decides")
    def decisive(_: Survey) -> Finding:
        raise error

    found = [(r.status, r.unknown) for r in run_checks(survey(), (), (broken, decisive, fails))]
    assert found == [("WARN", True), ("FAIL", False), ("FAIL", False)]
    assert "report it" in run_checks(survey(), (), (broken,))[0].hint


def test_a_migration_makes_the_checks_that_its_plan_requires_too() -> None:
    settings = a_plan(checks={"require": ["bucket.lifecycle"]}).checks
    own = {made.id for made in deciding(ALL, CheckSettings())}
    assert {made.id for made in deciding(ALL, settings)} == own | {"bucket.lifecycle"}


def test_a_waived_check_warns_and_names_the_reason() -> None:
    found = only(fails, waive={"bucket.lifecycle": "it is for another folder"})
    assert (found.status, found.hint) == ("WARN", "it is for another folder")
    assert only(fails, waive={"bucket.region": "x"}).status == "FAIL"


def test_a_side_that_was_given_up_is_skipped_and_the_other_is_not() -> None:
    @side_check("domains.tcp", "gives the source up")
    def first(look: Survey, side: str) -> Finding:
        if side == "source":
            look.give_up("source", "the source cannot be reached")
            return fail("no way")
        return ok("fine")

    @side_check("domains.health", "asks")
    def later(look: Survey, side: str) -> Finding:
        look.domain(side)  # pyright: ignore[reportArgumentType]
        return ok("asked")

    look = Survey(a_plan(), {"source": pytest.fail, "target": lambda: None}, Consents())  # pyright: ignore[reportArgumentType]
    found = [(record.side, record.status) for record in run_checks(look, (first,), (later,))]
    assert found == [("source", "FAIL"), ("target", "OK"), ("source", "SKIP"), ("target", "OK")]


def test_the_same_question_is_asked_once_however_many_ask_and_its_error_is_kept() -> None:
    look, asked = survey(), []

    def read() -> None:
        asked.append(1)
        raise SnapferryError("no")

    for _ in range(3):
        with pytest.raises(SnapferryError):
            look.once("question", read)
    assert len(asked) == 1


def test_checks_that_decide_are_those_of_indices_room_and_safety_and_what_is_known_to_be_fatal() -> None:
    also = {"domains.blocks", "domains.primaries", "bucket.exists", "bucket.ownership"}
    also |= {"domains.replication", "domains.clone-upgrade"}
    assert all(
        made.decisive == (made.group in {"indices", "room", "safety"} or made.id in also)
        for made in THEN
        if made.id != "safety.consents"
    )
