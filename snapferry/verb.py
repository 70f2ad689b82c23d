"""The frame of every verb: the parameters that verbs share, its examples, its help, and how it ends.

A verb is a function; `@verb` turns it into a command:

- A parameter whose type is a dataclass stands for the fields of that dataclass: `call: RunCall` gives a verb
  the argument PLAN and the options `--state` and `--json`.
- Every verb has the options `-v`, `-q` and `--debug`.
- While it runs, `runs.commands.current()` knows how it was called: it completes texts that name a command.
- Expected errors and interruptions end it with a sentence and their exit code. Otherwise it exits with what
  the function returns, 0 for None.
"""

import copy
import inspect
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand

from runs import interruptions
from runs.commands import called_as, called_with, command, current, in_full
from snapferry.completion.candidates import BY_METAVAR, BY_OPTION, Candidates
from snapferry.error_frame import exit_on_error
from snapferry.exit_codes import ExitCode
from snapferry.help_pages import GroupedHelp, examples_text
from snapferry.options import PerSide
from snapferry.output import streams
from snapferry.output.retries import retries_shown
from snapferry.output.verbosity import Verbosity, speaking
from snapferry.plan_search import plans_here

Function = Callable[..., ExitCode | None]
Frame = Callable[[], AbstractContextManager[None]]
_ARGUMENTS = "snapferry.arguments"
_LAST = {"call_state": 1, "state": 1, "call_as_json": 2}  # at the end of the options of every verb


class VerbCommand(TyperCommand):
    """A verb as Typer runs it: it remembers how it was called."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, and keep them as they were given."""
        if ctx.resilient_parsing and args and args[-1].startswith("-"):
            args = args[:-1]  # a shell asks for its value; without one, the arguments would not be parsed
        given = list(args)
        ctx.meta[_ARGUMENTS] = given
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            is_missing = not error.message
            if is_missing and error.param and error.param.name == "call_file":
                error.message = plans_here(Path(), self.name or "", given)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        given: dict[str, Any] = ctx.params
        plan = given.get("call_file") or given.get("plan") or given.get("domain_given")
        state = given.get("call_state") or given.get("state")
        called = called_with(
            _verb_of(ctx), ctx.meta[_ARGUMENTS], str(plan) if plan else None, str(state) if state else None
        )
        with called_as(called):
            return super().invoke(ctx)


def _verb_of(context: Any) -> str:
    """The verb that is called, after its group where it has one: `snapshot take`."""
    names: list[str] = []
    while context.parent is not None:
        names.insert(0, context.info_name)
        context = context.parent
    return " ".join(names)


@dataclass(frozen=True)
class Verb:
    """One verb of the command.

    Args:
        run: the function with its frame; its signature names every argument and option.
        examples: command lines that a user may copy.
    """

    name: str
    help: str
    examples: tuple[str, ...]
    run: Callable[..., None]

    def add_to(self, app: typer.Typer, group: str | None = None) -> None:
        """Make it a command of the app, in this group of its help."""
        epilog = examples_text(self.examples)
        app.command(self.name, cls=VerbCommand, help=self.help, epilog=epilog, rich_help_panel=group)(
            self.run
        )


@dataclass(frozen=True)
class VerbGroup:
    """A verb that has verbs of its own, such as `snapferry lab up`."""

    name: str
    help: str
    examples: tuple[str, ...]
    verbs: tuple[Verb, ...]

    def add_to(self, app: typer.Typer, group: str | None = None) -> None:
        """Make it and its verbs commands of the app."""
        epilog = examples_text(self.examples)
        own = typer.Typer(
            cls=GroupedHelp, help=self.help, epilog=epilog, no_args_is_help=True, rich_markup_mode=None
        )
        for each in self.verbs:
            each.add_to(own)
        app.add_typer(own, name=self.name, rich_help_panel=group)


def verb(*examples: str, errors: Frame = exit_on_error) -> Callable[[Function], Verb]:
    """Make a function a verb of its name, with `-` for each `_` but one at the end, and of its docstring.

    Args:
        examples: command lines for its help, each complete.
        errors: what ends the verb on an expected error.
    """

    def made(function: Function) -> Verb:
        name = function.__name__.rstrip("_")
        return Verb(
            name.replace("_", "-"), inspect.getdoc(function) or "", examples, _with_frame(function, errors)
        )

    return made


def _with_frame(function: Function, errors: Frame) -> Callable[..., None]:
    """The function as Typer takes it: dataclasses taken apart, errors handled, an exit code raised."""
    own = tuple(inspect.signature(function, eval_str=True).parameters.values())
    kinds = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}

    def run(**values: Any) -> None:
        verbosity: Verbosity = _put_together("verbosity", Verbosity, values)
        state = values.get("call_state") or values.get("state")
        given = {name: _put_together(name, kind, values) for name, kind in kinds.items()}
        with (
            speaking(verbosity),
            _output(verbosity, function.__name__, state),
            errors(),
            interruptions.raised(),
            retries_shown(),
            _around(given.values()),
        ):
            code = function(**given, **values)
        _forgive_lost_report(given.values())
        if code:
            raise typer.Exit(code)

    parameters = [
        each
        for parameter in own
        for each in (
            _taken_apart(parameter.name, kinds[parameter.name]) if parameter.name in kinds else (parameter,)
        )
    ]
    parameters += _taken_apart("verbosity", Verbosity)
    parameters.sort(key=lambda p: _LAST.get(p.name, 0))
    run.__signature__ = inspect.Signature(  # pyright: ignore[reportFunctionMemberAccess]
        [_completed(p).replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    )
    return run


@contextmanager
def _around(calls: Iterable[Any]) -> Generator[None]:
    """Inside the block lasts what a call asks for beside the verb: see `RunningCall.around`."""
    with ExitStack() as stack:
        for call in calls:
            if hasattr(call, "around"):
                stack.enter_context(call.around())
        yield


def _completed(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter with what a shell offers for it, by its name in the help."""
    base, *extra = get_args(parameter.annotation) or (parameter.annotation,)
    offered = _offered(extra[0], parameter.name) if extra else None
    if offered is None:
        return parameter
    wanted: Candidates = offered  # Typer goes by the types of the function's arguments

    def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return wanted(context, incomplete)

    described = copy.copy(extra[0])
    described.autocompletion = complete
    return parameter.replace(annotation=Annotated[base, described])


def _offered(described: Any, name: str) -> Candidates | None:
    forms = getattr(described, "param_decls", None) or (f"--{name.replace('_', '-')}",)
    metavar = getattr(described, "metavar", None) or ""
    by_option = (BY_OPTION[form, metavar] for form in forms if (form, metavar) in BY_OPTION)
    return next(by_option, BY_METAVAR.get(metavar))


def _forgive_lost_report(calls: Iterable[Any]) -> None:
    """Say that a run's report could not be printed; it can be shown again, so the run's exit code stays."""
    lost = streams.lost_result()
    ran = (each for each in calls if hasattr(each, "file") and getattr(each, "execute", False))
    call = next((each for each in ran if not each.as_json), None)
    if not lost or call is None:
        return
    from snapferry.output.console import show_problem

    again = in_full(command("report"), current())
    show_problem(f"standard output cannot be written: {lost}", f"to see the report: {again}")
    streams.forgive_loss()


@contextmanager
def _output(verbosity: Verbosity, verb: str, state: str | None) -> Generator[None]:
    """Inside the block, requests are shown and written as wanted; at its end the run's log is closed."""
    with ExitStack() as stack:
        stack.callback(_close_log)
        if verbosity.verbose or verbosity.debug:
            from runs.place import local_folder
            from snapferry.output.http_trace import watched

            stack.enter_context(watched(verbosity, verb, local_folder(state)))
        yield


def _close_log() -> None:
    from snapferry.output import run_log

    run_log.close()


def _taken_apart(parameter: str, kind: Any) -> Iterator[inspect.Parameter]:
    """A parameter for each field; the field `side`, where there is one, is the parameter's own name."""
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        if field.name == "side":
            continue
        annotation: Any = hints[field.name]
        base, *extra = get_args(annotation)
        if isinstance(extra[0], PerSide):
            annotation = Annotated[base, extra[0].option(parameter)]
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield inspect.Parameter(
            f"{parameter}_{field.name}",
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=annotation,
        )


def _put_together(parameter: str, kind: Any, values: dict[str, Any]) -> Any:
    """The dataclass of this parameter; its values are taken out of all values."""
    return kind(
        **{
            field.name: parameter if field.name == "side" else values.pop(f"{parameter}_{field.name}")
            for field in fields(kind)
        }
    )
