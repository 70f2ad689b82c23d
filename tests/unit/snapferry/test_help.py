"""What the help shows: every verb in a group, whole sentences at 80 columns, examples that can be copied."""

import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.main import get_command
from typer.testing import CliRunner

import snapferry.commands
from snapferry.exit_codes import ExitCode
from snapferry.main import VERBS, app
from snapferry.verb import Verb, VerbGroup

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
TOP = [verb for verbs in VERBS.values() for verb in verbs]
WIDTH = 80


def each_verb() -> Iterator[Any]:
    """Path and verb of all verbs, and of those below them."""
    for verb in TOP:
        yield pytest.param([verb.name], verb, id=verb.name)
        for below in verb.verbs if isinstance(verb, VerbGroup) else ():
            yield pytest.param([verb.name, below.name], below, id=f"{verb.name} {below.name}")


EVERY_VERB = list(each_verb())


def snapferry_says(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), terminal_width=WIDTH)


def test_every_file_of_a_verb_is_a_verb_of_the_command() -> None:
    files = {module.name.replace("_", "-") for module in pkgutil.iter_modules(snapferry.commands.__path__)}
    names = [verb.name for verb in TOP]
    assert sorted(names) == sorted(files)
    assert set(get_command(app).commands) == files  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(("path", "verb"), EVERY_VERB)
def test_a_summary_is_a_whole_sentence_on_one_line_of_80_columns(
    path: list[str], verb: Verb | VerbGroup
) -> None:
    page = snapferry_says(*path[:-1], "--help").stdout
    (line,) = [line for line in page.splitlines() if re.match(rf"  {path[-1]}  +\S", line)]
    summary = line.removeprefix(f"  {path[-1]}").strip()
    assert len(line) <= WIDTH
    assert summary == verb.help.splitlines()[0]
    assert summary.endswith(".") and not summary.endswith(("..", "…"))
    assert summary[0].isupper()


@pytest.mark.parametrize("group", VERBS)
def test_the_help_lists_each_group_with_its_verbs(group: str) -> None:
    page = snapferry_says("--help").stdout
    section = page.split(f"\n{group}:\n")[1].split("\n\n")[0]
    assert [line.split()[0] for line in section.splitlines()] == [verb.name for verb in VERBS[group]]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "verb"), EVERY_VERB)
def test_an_example_is_one_line_that_the_command_line_accepts(
    path: list[str], verb: Verb | VerbGroup
) -> None:
    page = snapferry_says(*path, "--help").stdout
    assert verb.examples
    for example in verb.examples:
        assert f"\n    {example}\n" in page and len(example) + 4 <= WIDTH
        words = shlex.split(example.partition(" > ")[0])
        assert words[: 1 + len(path)] == ["snapferry", *path]
        parse(words[1:])


def parse(words: list[str]) -> None:
    """Parses a command line without running it; raises what the command line would complain of."""
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


def test_an_example_with_an_option_that_is_not_there_would_be_noticed() -> None:
    with pytest.raises(Exception, match="--sideways"):
        parse(["seed", "plan.yaml", "--sideways"])


@pytest.mark.parametrize(("path", "verb"), EVERY_VERB)
def test_help_looks_the_same_however_it_is_asked_for(path: list[str], verb: Verb | VerbGroup) -> None:
    long, short, named = (
        snapferry_says(*words) for words in ([*path, "--help"], [*path, "-h"], ["help", *path])
    )
    assert (long.exit_code, short.exit_code, named.exit_code) == (0, 0, 0)
    assert long.stdout == short.stdout == named.stdout
    assert f"Usage: snapferry {' '.join(path)} " in long.stdout
    assert (long.stderr, short.stderr, named.stderr) == ("", "", "")


def test_help_alone_lists_the_verbs() -> None:
    pages = [snapferry_says(*words).stdout for words in (["help"], ["-h"], ["--help"])]
    assert pages[0] == pages[1] == pages[2]
    assert "Prepare:" in pages[0]


@pytest.mark.parametrize("words", [["sideways"], ["lab", "sideways"], ["plan", "sideways"]])
def test_help_of_a_verb_that_is_not_there_exits_with_2(words: list[str]) -> None:
    result = snapferry_says("help", *words)
    assert (result.exit_code, result.stdout) == (ExitCode.INVALID, "")
    assert "there is no verb sideways" in result.stderr


def test_version_is_a_verb_and_an_option() -> None:
    verb, option = snapferry_says("version"), snapferry_says("--version")
    assert re.fullmatch(r"snapferry \d+\.\d+\.\d+\S*\n", verb.stdout)
    assert (verb.exit_code, verb.stdout) == (option.exit_code, option.stdout) == (0, option.stdout)


@pytest.mark.parametrize("name", [verb.name for verb in TOP])
def test_the_readme_mentions_every_verb(name: str) -> None:
    mentions = rf"(?m)snapferry {name}\b|^  {name}  +[A-Z]"
    assert re.search(mentions, README)


@pytest.mark.parametrize(("path", "verb"), EVERY_VERB)
def test_a_verb_that_takes_a_plan_has_its_options_at_the_same_places(
    path: list[str], verb: Verb | VerbGroup
) -> None:
    page = snapferry_says(*path, "--help").stdout
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", page, re.MULTILINE)
    last = [option for option in ("--state", "--json", "--help") if option in options]
    assert options[-len(last) :] == last
    assert "--execute" not in options or options[0] == "--execute"
