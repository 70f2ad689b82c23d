"""`snapferry prefect setup`, as far as it needs no server."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from snapferry.main import app


def setup(*arguments: str, server: str = "http://127.0.0.1:9/api") -> tuple[int, str]:
    done = CliRunner().invoke(app, ["prefect", "setup", *arguments], env={"PREFECT_API_URL": server})
    return done.exit_code, done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "image"), "'image' is not VARIABLE=VALUE"),
        (("--set", "=x"), "'=x' is not VARIABLE=VALUE"),
        (("--silence", "soon"), "this is not a duration"),
        (("--type", "nomad"), "'nomad' is not one of"),
    ],
)
def test_a_wrong_command_line_sends_nothing(arguments: tuple[str, ...], said: str) -> None:
    code, stderr = setup(*arguments)
    assert code == 2 and said in stderr, stderr


def test_without_a_server_it_says_how_to_name_one() -> None:
    code, stderr = setup(server="")
    assert code == 2 and "set PREFECT_API_URL to the server's address" in stderr


def test_a_server_that_does_not_answer_is_refused_within_seconds() -> None:
    code, stderr = setup("--execute")
    assert code == 3 and "the Prefect server at http://127.0.0.1:9/api cannot be used" in stderr
