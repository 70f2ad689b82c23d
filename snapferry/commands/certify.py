"""`snapferry certify`: sign what a finished run has proved."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import RunCall
from snapferry.exit_codes import ExitCode, code_of_output
from snapferry.options import RunId, chosen_run
from snapferry.verb import verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.certificates.certify import Certified, Making
    from runs.journal import Journal

Key = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="KEY",
        help="What signs it: a private key in a PEM file, or awskms: and the ARN, id or alias of a key.",
        show_default=False,
    ),
]
PassphraseEnv = Annotated[
    str | None,
    typer.Option(
        "--passphrase-env",
        metavar="NAME",
        help="The environment variable that holds the passphrase of an encrypted file.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write it to FILE, which must not exist yet. Default: PLAN-RUN.certificate.json here.",
        show_default=False,
    ),
]


@verb(
    "snapferry certify orders-to-ireland.yaml --key migrations.pem",
    "snapferry certify orders-to-ireland.yaml --key awskms:alias/migrations",
)
def certify(
    call: RunCall, key: Key, passphrase_env: PassphraseEnv = None, run: RunId = None, output: Output = None
) -> ExitCode:
    """Sign what a finished run has proved, for others to check.

    The certificate says what was compared, with the figures of every shard, what the verdict does not prove,
    and who approved what. It is refused for a run that has not proved anything. Reads the journal; nothing is
    sent to the domains. docs/certificate.md says how to make a key, and how others check the file.
    """
    from runs.state import State
    from snapferry.next_steps import next_command, say_next
    from snapferry.output.console import say

    plan = call.load()
    journal = chosen_run(State(call.folder, plan.name), run)
    if journal is None:
        say(f"There is no run of plan {plan.name} yet.")
        say_next(next_command("check"))
        return ExitCode.REFUSED
    file = output or Path(f"{plan.name}-{journal.run_id}.certificate.json")
    if os.path.lexists(file):
        return _refuse_output(f"{file} already exists", "choose another file for -o, or move this one away")
    return _write(call, _made(journal, _making(key, passphrase_env), call.file, plan), file)


def _making(key: str, passphrase_env: str | None) -> "Making":
    from importlib.metadata import version

    from flows.certificates.certify import Making
    from flows.certificates.keys import signer_of
    from runs.approvals import this_user
    from runs.journal import now

    passphrase = None if passphrase_env is None else os.environ.get(passphrase_env)
    if passphrase_env is not None and not passphrase:
        raise typer.BadParameter(f"the variable {passphrase_env} is not set", param_hint="--passphrase-env")
    signer = signer_of(key, passphrase)
    return Making(signer, this_user(), now().replace(microsecond=0), f"snapferry {version('snapferry')}")


def _made(journal: "Journal", how: "Making", file: Path, plan: "Plan") -> "Certified":
    """The certificate; it names the plan's file only if that says what the run began with."""
    from flows.certificates.certify import certify as certified
    from runs.begun_plan import plan_record

    same = file.is_file() and plan_record(plan) == journal.document.plan
    return certified(journal, how, file if same else None)


def _write(call: RunCall, made: "Certified", file: Path) -> ExitCode:
    from reports.views.certificate import certificate_view
    from runs.commands import quoted_file
    from snapferry.output.console import say

    try:
        with file.open("xb") as opened:
            opened.write(made.content)
    except OSError as error:
        with suppress(OSError):
            file.unlink()
        _refuse_output(f"cannot write {file}: {error.strerror}", "choose another file for -o")
        return code_of_output(error)
    call.show(
        made.statement,
        certificate_view,
        lambda statement: {
            "file": str(file),
            "key": made.key,
            "statement": statement.model_dump(mode="json"),
        },
    )
    if not call.as_json:
        say(f"Signed by key {made.key}: {file}")
        check = f"snapferry certificate check {quoted_file(str(file))}"
        say(f"Others check it with the public half of the key (--public-key): {check}")
    return ExitCode.DONE


def _refuse_output(message: str, hint: str) -> ExitCode:
    from snapferry.output.console import show_problem

    show_problem(message, hint)
    return ExitCode.INVALID
