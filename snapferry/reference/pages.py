"""The generated pages on verbs, exit codes and checks."""

from collections.abc import Iterable

from configs.checks import NEVER_WAIVED
from runs.lifecycle import RunStatus
from snapferry.exit_codes import ExitCode, code_of_status
from snapferry.reference.markdown import code, page, plain, table
from snapferry.reference.verb_pages import VerbPage
from tasks.checks.registry import ALL


def verbs_page(verbs: Iterable[VerbPage]) -> str:
    """Every verb with its arguments, options and examples."""
    return page(
        "Verbs",
        "What `snapferry VERB --help` says, for every verb. [Exit codes](exit-codes.md) are the same for "
        "all.",
        *(part for verb in verbs for part in _verb(verb)),
    )


def _verb(verb: VerbPage) -> tuple[str, ...]:
    level = "##" if verb.path.count(" ") < 2 else "###"
    examples = "\n".join(verb.examples)
    return (
        f"{level} {verb.path}",
        f"```\nUsage: {verb.path} {verb.usage}\n```",
        *map(plain, verb.text),
        table(("verb", "what"), ((code(f"{verb.path} {name}"), plain(text)) for name, text in verb.verbs)),
        table(("argument", "what"), ((code(name), plain(text)) for name, text in verb.arguments)),
        table(("option", "what"), ((code(name), plain(text)) for name, text in verb.options)),
        f"```sh\n{examples}\n```" if examples else "",
    )


def exit_codes_page() -> str:
    """Every exit code, and which of them a run's status leads to."""
    return page(
        "Exit codes",
        "They are the same for every verb.",
        table(("code", "meaning"), ((str(each.value), each.meaning) for each in ExitCode)),
        "A verb that ends a run, or shows one, exits by the status of the run:",
        table(
            ("status", "code"),
            ((code(status.value), str(code_of_status(status).value)) for status in RunStatus),
        ),
    )


def checks_page() -> str:
    """Every check, with what may be done about it in a plan."""
    rows = (
        (
            f"[{each.id}](../checks.md#{each.id.replace('.', '')})",
            plain(each.name),
            ", ".join(side for side in each.sides if side) or "both at once",
            "yes" if each.decisive else "no",
            "no" if each.id in NEVER_WAIVED else "yes",
        )
        for each in ALL
    )
    return page(
        "Checks",
        "What `snapferry check` makes, in its order. If a decisive one fails, `migrate` refuses, too. A plan "
        "may waive those that can be waived (`checks.waive`), and make others decisive (`checks.require`). "
        "[The checks](../checks.md) says what each reads, and what to do.",
        table(("check", "what it is about", "side", "decisive", "can be waived"), rows),
    )
