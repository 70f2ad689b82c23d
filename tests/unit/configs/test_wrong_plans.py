"""Every wrong plan gets exactly its lines; no text gets anything but PlanError; no secret is shown."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configs.loading.loader import MAX_BYTES, load_plan, parse_plan
from configs.loading.problems import PlanError
from configs.plan import Plan

ROOT = Path(__file__).resolve().parents[3]
SCENARIOS = sorted((ROOT / "tests/scenarios/wrong_plans").iterdir())
EXAMPLES = sorted((ROOT / "configs/plans").glob("*.yaml"))
EXAMPLES_A_TEST = int(os.environ.get("SNAPFERRY_EXAMPLES", "80"))
QUICK = settings(
    max_examples=EXAMPLES_A_TEST, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda folder: folder.name)
def test_a_wrong_plan_gets_exactly_its_lines(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scenario)
    with pytest.raises(PlanError) as caught:
        load_plan(Path("plan.yaml"))
    assert str(caught.value) + "\n" == (scenario / "expected.txt").read_text(encoding="utf-8")


def test_there_are_enough_wrong_plans() -> None:
    assert len(SCENARIOS) >= 64


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda folder: folder.name)
def test_no_sentence_is_pydantics_and_no_secret_is_shown(scenario: Path) -> None:
    expected = (scenario / "expected.txt").read_text(encoding="utf-8")
    for jargon in (
        "Input should",
        "Value error",
        "Extra inputs",
        "tag",
        "valid string",
        "NoneType",
        "dict",
        "hunter2",
    ):
        assert jargon not in expected.replace("custom tags", "")


def _problems_of_file(path: Path) -> tuple[str, ...]:
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    return tuple(str(problem).removeprefix(f"{path}:") for problem in caught.value.problems)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert _problems_of_file(tmp_path / "none.yaml") == ("1:1: there is no such file; check the name",)
    assert _problems_of_file(tmp_path) == ("1:1: this is a folder; give the plan file inside it",)
    assert _problems_of_file(tmp_path / "a" / ("x" * 300))[0].startswith("1:1: ")
    assert _problems_of_file(Path("a\0b")) == ("1:1: this is not the name of a file; check the name",)
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * (MAX_BYTES + 1))
    assert _problems_of_file(big) == (
        "1:1: this file is larger than 1 MiB, too large for a plan; check the name",
    )


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("configs.loading.plain_files.os.open", refuse)
    assert _problems_of_file(tmp_path / "x") == (
        "1:1: permission denied; check the permissions of this file",
    )


def test_a_byte_order_mark_and_carriage_returns_do_not_shift_places(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: Orders\r\nsource: 1\r\n")
    assert [line.split(" ")[0] for line in _problems_of_file(path)][1:] == ["1:1:", "1:7:", "2:9:"]


def test_aliases_and_merge_keys_are_understood() -> None:
    text = """
name: orders
source: &side
  endpoint: http://127.0.0.1:1
  auth: &auth {type: basic, username: me, password: {env: P}}
target:
  <<: *side
  endpoint: http://127.0.0.1:2
repository: {type: fs, name: orders, location: /mnt/snapshots}
indices: {include: [&one orders], exclude: ["x-*"]}
conflicts: {policy: delete, delete: [*one]}
"""
    plan = parse_plan(text, Path("plan.yaml"))
    assert plan.source.auth == plan.target.auth
    assert plan.target.endpoint == "http://127.0.0.1:2"
    assert plan.conflicts.delete == ["orders"]


def _problems(text: str) -> tuple[Any, ...]:
    """Return the problems of a text, having seen that it raised nothing else and that places are real."""
    try:
        parse_plan(text, Path("plan.yaml"))
    except PlanError as error:
        lines = text.splitlines() or [""]
        assert error.problems
        assert list(error.problems) == sorted(error.problems)
        for problem in error.problems:
            assert 1 <= problem.line <= len(lines)
            assert problem.column >= 1
            assert "\n" not in str(problem)
            str(problem).encode()
        return error.problems
    return ()


YAML_TEXT = st.text(st.sampled_from([*"ab:-*&!|>%@`'\"[]{}<,#?\\\t\n\n  01~=.", "é", "\ud7ff", "\u2028"]))


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_give_a_plan_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    assert _problems_of_file(path)


@QUICK
@given(YAML_TEXT)
def test_any_yaml_like_text_gives_problems_with_places(text: str) -> None:
    _problems(text)


@pytest.mark.slow
@QUICK
@given(st.sampled_from(EXAMPLES), st.data())
def test_any_damage_to_a_text_gives_problems_with_places(example: Path, data: st.DataObject) -> None:
    text = example.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    _problems(text[:start] + data.draw(YAML_TEXT) + text[end:])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=4,
)


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List all places in a value; the depth ends what a copy made endless."""
    if len(path) > 4:
        return []
    here = [path] if path else []
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return here + [place for key, inner in items for place in _places(inner, (*path, key))]


def _mutate(document: Any, data: st.DataObject) -> None:
    *above, key = data.draw(st.sampled_from(_places(document)))
    holder = document
    for part in above:
        holder = holder[part]
    action = data.draw(st.sampled_from(["replace", "remove", "add", "copy"]))
    if action == "remove":
        del holder[key]
    elif action == "add" and isinstance(holder, dict):
        holder[data.draw(st.sampled_from(["bucket", "nam", "type", "endpoint", "x"]))] = data.draw(VALUES)
    elif action == "copy":
        holder[key] = document.get(data.draw(st.sampled_from(["name", "source", "repository", "indices"])))
    else:
        holder[key] = data.draw(VALUES)


@pytest.mark.slow
@QUICK
@given(st.sampled_from(EXAMPLES), st.data())
def test_any_change_of_a_plan_gives_a_plan_or_problems_with_places(
    example: Path, data: st.DataObject
) -> None:
    document = yaml.safe_load(example.read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 4))):
        if _places(document):
            _mutate(document, data)
    _problems(yaml.dump(document, allow_unicode=True))


SECRET = "Zq7-hunter2"
PASSWORD_FORMS = st.sampled_from(
    [
        SECRET,
        f'"{SECRET}"',
        f"'{SECRET}",
        f"*{SECRET}",
        f"&{SECRET}",
        f"!{SECRET}",
        f"!{SECRET} x",
        f"[{SECRET}]",
        f"{{{SECRET}}}",
        f"{{{SECRET}: {SECRET}}}",
        f"{{env: '{SECRET}'}}",
        f"{{secret: {SECRET}}}",
        f"{{env: X, secret: {SECRET}}}",
        f"{{env: [{SECRET}], {SECRET}: 1, {SECRET}: 2}}",
        f"{{env: {{{SECRET}: 1}}}}",
        f"a: {SECRET}",
        f"@{SECRET}",
        f"|\n      {SECRET}",
        f"\n      {SECRET}: {SECRET}",
        f"\n      - {SECRET}",
    ]
)


@QUICK
@given(PASSWORD_FORMS, st.sampled_from(["password", "Password", "passwrd", "pass"]), st.booleans())
def test_a_password_is_never_shown(form: str, key: str, in_auth: bool) -> None:
    indent, parent = ("    ", "  auth:\n    type: basic\n    username: me\n") if in_auth else ("  ", "")
    text = (
        f"name: orders\nsource:\n  endpoint: http://me:{SECRET}@127.0.0.1:1\n{parent}{indent}{key}: {form}\n"
    )
    try:
        parse_plan(text, Path("plan.yaml"))
    except PlanError as error:
        assert SECRET not in str(error)
    else:
        pytest.fail("this is no plan")


def test_a_password_is_not_shown_by_the_models_either() -> None:
    auth = {"type": "basic", "username": "me", "password": SECRET}
    with pytest.raises(ValueError, match="secrets are never in the plan") as caught:
        Plan.model_validate({"name": "a", "source": {"endpoint": "http://a", "auth": auth}})
    assert SECRET not in str(caught.value)
