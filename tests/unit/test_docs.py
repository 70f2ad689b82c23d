"""The documents agree with the product: links, commands, options, exit codes, plan keys, the report's schema.

`python tests/unit/test_docs.py` writes reports/report.schema.json and reports/certificate.schema.json anew.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from reports.model.certificate import certificate_schema
from reports.model.report import report_schema
from runs.lifecycle import RunStatus
from snapferry.exit_codes import ExitCode, code_of_status
from snapferry.main import app

ROOT = Path(__file__).resolve().parents[2]
REPORT_SCHEMA = ROOT / "reports" / "report.schema.json"
CERTIFICATE_SCHEMA = ROOT / "reports" / "certificate.schema.json"
PAGES = ("*.md", "docs/**/*.md", "deployments/*.md")
DOCUMENTS = sorted(str(path.relative_to(ROOT)) for pages in PAGES for path in ROOT.glob(pages))
COMMAND: Any = typer.main.get_command(app)


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def code_in(text: str) -> Iterator[str]:
    """Every line of the fenced blocks, and every inline code."""
    fence = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    for block in fence.findall(text):
        yield from block.splitlines()
    for span in re.findall(r"`([^`]+)`", fence.sub("", text)):
        yield " ".join(span.split())


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of each `snapferry VERB …` that is shown."""
    for code in code_in(text):
        shown = re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?snapferry ([a-z-][^#|>]*)", code)
        if shown:
            yield shlex.split(shown[1].replace("…", " "))


def options_of(command: Any) -> set[str]:
    """Every form of a command's own options, such as `--aliases` and `--no-aliases`."""
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def misnamed(words: list[str]) -> list[str]:
    """What of a shown command the command line does not have."""
    command, rest = COMMAND, list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        verb = rest.pop(0)
        if verb not in command.commands:
            return [verb]
        command = command.commands[verb]
    known = options_of(command) | {"--help"}
    return [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]


def all_options(command: Any = COMMAND) -> set[str]:
    own = options_of(command)
    return own.union(*(all_options(below) for below in getattr(command, "commands", {}).values()), {"--help"})


def schema_keys(schema: Any) -> Iterator[str]:
    """Every property name anywhere in a JSON Schema."""
    if isinstance(schema, dict):
        yield from schema["properties"] if isinstance(schema.get("properties"), dict) else ()
        for inner in schema.values():
            yield from schema_keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from schema_keys(inner)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", text_of(document))
    local = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    missing = [link for link in local if link and not ((ROOT / document).parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_is_shown_exists_with_its_options(document: str) -> None:
    wrong = {" ".join(words): bad for words in commands_in(text_of(document)) if (bad := misnamed(words))}
    assert not wrong


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if not name.startswith("deployments")])
def test_every_option_that_is_named_exists(document: str) -> None:
    named = {code.split()[0] for code in code_in(text_of(document)) if code.startswith("--")}
    assert named <= all_options()


def test_the_readme_shows_the_main_verbs() -> None:
    shown = {words[0] for words in commands_in(text_of("README.md"))}
    assert {"plan", "migrate", "verify", "status", "report", "lab"} <= shown


@pytest.mark.parametrize("words", [["sail", "PLAN"], ["plan", "PLAN", "--execute"], ["lab", "sideways"]])
def test_a_command_that_is_not_there_would_be_noticed(words: list[str]) -> None:
    assert misnamed(words)


def test_the_readme_lists_the_exit_codes_as_they_are() -> None:
    meanings = {int(code): code.meaning for code in ExitCode}
    shown = re.findall(r"^\| (\d) \| (.+) \|$", text_of("README.md"), re.MULTILINE)
    assert {int(code): meaning for code, meaning in shown} == meanings


def test_the_readme_lists_the_verbs_as_the_help_does() -> None:
    shown = re.search(r"^## Every verb\n.*?```\n(.*?)\n```", text_of("README.md"), re.DOTALL | re.MULTILINE)
    assert shown
    help_page = CliRunner().invoke(app, ["--help"], terminal_width=80).stdout
    assert shown[1] in help_page
    assert help_page.split(shown[1])[1].lstrip().startswith("Exit codes:"), "none is missing at the end"
    assert help_page.split(shown[1])[0].rstrip().endswith("exit."), "nor at the beginning"


def test_the_reports_outcomes_are_told_with_their_exit_codes() -> None:
    shown = re.findall(r"^\| `(\w+)` \| .+ \| (\d) \|$", text_of("docs/report.md"), re.MULTILINE)
    assert {name: int(code) for name, code in shown} == {
        status: int(code_of_status(status)) for status in RunStatus
    }


def test_the_plans_reference_names_every_key() -> None:
    schema = json.loads(text_of("configs/plan.schema.json"))
    reference = set(re.findall(r"`(\w+)`", text_of("docs/plan.md")))
    assert sorted(set(schema_keys(schema)) - reference) == []


def test_the_reports_description_names_every_key() -> None:
    described = set(re.findall(r"`(\w+)`", text_of("docs/report.md")))
    assert sorted(set(schema_keys(report_schema())) - described) == []


def test_the_reports_schema_is_up_to_date() -> None:
    assert json.loads(REPORT_SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(report_schema()))


def test_the_certificates_schema_is_up_to_date() -> None:
    assert json.loads(CERTIFICATE_SCHEMA.read_text(encoding="utf-8")) == json.loads(
        json.dumps(certificate_schema())
    )


def test_the_certificates_description_names_its_parts() -> None:
    described = set(re.findall(r"`(\w+)`", text_of("docs/certificate.md")))
    parts = certificate_schema()["$defs"]["Certificate"]["properties"]  # pyright: ignore
    assert sorted(set(parts) - described - {"verified"}) == []


def test_the_report_shown_in_the_documents_has_the_schemas_form() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    shown = re.search(r"```json\n(.*?)```", text_of("docs/report.md"), re.DOTALL)
    assert shown
    jsonschema.validate(json.loads(shown[1]), report_schema())


def json_blocks(name: str) -> list[Any]:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```json\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [json.loads(block) for block in blocks]


def test_the_fault_plan_that_is_shown_can_be_sent() -> None:
    from lab.door.faults import FaultPlan

    (shown,) = json_blocks("lab.md")
    assert FaultPlan.model_validate(shown).seed == 7


def test_the_rights_that_are_asked_for_are_those_that_the_lab_proves() -> None:
    """The lab's migrator has these roles and no other beside manage_snapshots."""
    from lab.engines.security import migrators_role, window_role

    caller, reads, role, source, target, pausing, trusted, bucket, *across = json_blocks("access.md")
    assert {"reserved": False, **role} == migrators_role()
    assert {"reserved": False, **source} == window_role("source")
    assert {"reserved": False, **target} == window_role("target")
    own, let_in = ([{**each, "Principal": None} for each in policy["Statement"]] for policy in across)
    assert own == let_in, "the bucket's policy allows the guest what its own does"
    assert all(policy["Statement"] for policy in (caller, reads, pausing, trusted, bucket, *across))


if __name__ == "__main__":
    REPORT_SCHEMA.write_text(json.dumps(report_schema(), indent=2) + "\n", encoding="utf-8")
    CERTIFICATE_SCHEMA.write_text(json.dumps(certificate_schema(), indent=2) + "\n", encoding="utf-8")
