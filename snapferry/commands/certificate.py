"""`snapferry certificate`: check a certificate that somebody has made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.options import StatePlace
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from reports.model.certificate import CertificateCheck

CertificateFile = Annotated[Path, typer.Argument(metavar="FILE", help="The certificate.", show_default=False)]
PublicKey = Annotated[
    Path | None,
    typer.Option(
        "--public-key",
        metavar="FILE",
        help="The key that you trust to sign it, in PEM. Without it the check fails: nobody vouches for it.",
        show_default=False,
    ),
]
JournalFile = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Also check that this is the run's journal, with nothing changed or removed.",
        show_default=False,
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        metavar="PLAN",
        help="Also read both domains of this plan again. Refreshes the indices; else only reads.",
        show_default=False,
    ),
]


@verb(
    "snapferry certificate check c.json --public-key our.pub",
    "snapferry certificate check c.json --public-key our.pub --against plan.yaml",
)
def check(
    call: Call,
    file: CertificateFile,
    public_key: PublicKey = None,
    journal: JournalFile = None,
    against: Against = None,
    state: StatePlace = None,
) -> ExitCode:
    """Show a certificate, and check that it holds.

    Sends nothing, unless with --against: that answers whether it is still true, the source has moved on
    since, or it is no longer true. --state checks the journal that lies there, as --journal checks a copy.
    Exits with 4 unless it is signed by --public-key, unchanged, and still true as far as that was checked.
    """
    from flows.certificates.check import check as checked
    from flows.certificates.envelope import LONGEST
    from reports.views.certificate import check_view

    if journal is not None and state is not None:
        raise typer.BadParameter("name one of the two", param_hint="--journal and --state")
    content = _content(file, LONGEST, "FILE")
    found = checked(content, public_key, None)
    recorded = _journal(found, journal, state)
    if recorded is not None:
        found = checked(content, public_key, recorded)
    if against is not None:
        found = _with_domains(found, against)
    call.show(found, check_view)
    return ExitCode.DONE if found.valid else ExitCode.DIFFERENT


def _journal(found: "CertificateCheck", file: Path | None, state: str | None) -> bytes | None:
    """The journal to check; None if none is asked for."""
    from runs.state_files import MAX_BYTES

    if file is not None:
        return _content(file, MAX_BYTES, "--journal")
    if state is None:
        return None
    from runs.place import state_place
    from runs.state import State
    from runs.stores.registry import store_of

    run = found.statement.predicate.run
    path = State(state_place(state), run.plan).runs / f"{run.id}.json"
    try:
        return store_of(path).read(path)
    except OSError as error:
        said = f"there is no journal of run {run.id}: {error.strerror}"
        raise typer.BadParameter(said, param_hint="--state") from None


def _with_domains(found: "CertificateCheck", plan: Path) -> "CertificateCheck":
    from tempfile import TemporaryDirectory

    from flows.certificates.against import against
    from flows.certificates.check import with_domains
    from snapferry.output.progress import shown_progress
    from snapferry.plan_files import load

    with TemporaryDirectory() as empty, shown_progress():
        record = against(found.statement.predicate, load(plan), Path(empty))
    return with_domains(found, record)


def _content(file: Path, longest: int, option: str) -> bytes:
    from configs.loading.plain_files import read_file

    try:
        return read_file(file, longest)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise typer.BadParameter(f"cannot read {file}: {why}", param_hint=option) from None


certificate = VerbGroup(
    "certificate",
    "Check a certificate that `snapferry certify` has made.",
    ("snapferry certificate check c.json --public-key our.pub",),
    (check,),
)
