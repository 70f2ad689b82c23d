"""Policies that take snapshots, on a terminal: documents, requests, files, differences, and what was done."""

import json
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from configs.values.listing import counted, listed
from reports.views.fitting import page
from reports.words import policies as words
from tasks.records.policies import PolicyFile, PolicyOutcome, PolicyPreview, PolicyRequest, PolicyState

_SHOWN = 10
_TIME = "%Y-%m-%d %H:%M UTC"


def print_view(found: PolicyPreview) -> RenderableType:
    """The policy's requests with their documents, or its files."""
    return page((*_head(found), *_requests(found.requests), *_files(found), *_remarks(found)))


def diff_view(found: PolicyPreview) -> RenderableType:
    """How what is there differs from what is wanted."""
    return page((*_head(found), *_differences(found), *_remarks(found)))


def apply_view(found: PolicyPreview) -> RenderableType:
    """What applying would do."""
    requests = () if found.problems else _requests(found.requests)
    return page((*_head(found), *_differences(found), *requests, *_remarks(found)))


def removal_view(found: PolicyPreview) -> RenderableType:
    """What removing would do."""
    requests = () if found.problems else _requests(found.requests)
    return page((*_removal(found), *requests, *_remarks(found)))


def outcome_view(outcome: PolicyOutcome) -> RenderableType:
    """What was done."""
    return page(_done(outcome))


def _head(found: PolicyPreview) -> Iterator[Text]:
    yield Text(words.headline(found), "bold")
    if found.next_times:
        times = ", ".join(each.strftime(_TIME) for each in found.next_times)
        yield Text(f"  next snapshots: {times}")


def _removal(found: PolicyPreview) -> Iterator[Text]:
    there = [each.path for each in found.files if each.found is not None]
    if found.state is PolicyState.ABSENT and not found.requests:
        yield Text(f"There is no policy {found.name}.", "bold")
        return
    yield Text(f"Removing {found.name} would leave its snapshots, and:", "bold")
    if found.update:
        taken = counted(len(found.update), "index", "indices")
        yield Text(f"  take {taken} from the policy: {listed(found.update, _SHOWN)}")
    yield from (Text(f"  delete {path}") for path in there)


def _requests(requests: tuple[PolicyRequest, ...]) -> Iterator[Text]:
    for each in requests:
        query = "&".join(f"{name}={value}" for name, value in each.query.items())
        yield Text(f"{each.method} {each.path}{'?' if query else ''}{query}", "cyan")
        if each.body is not None:
            yield from (Text(f"  {line}") for line in json.dumps(each.body, indent=2).splitlines())


def _files(found: PolicyPreview) -> Iterator[Text]:
    for each in found.files:
        yield Text(each.path, "cyan")
        yield from (Text(f"  {line}") for line in each.lines)


def _differences(found: PolicyPreview) -> Iterator[Text]:
    for each in found.differences:
        yield Text(f"  {each.field}: {_value(each.there)} → {_value(each.wanted)}", "yellow")
    for each in found.files:
        yield from _file_difference(each)
    if found.attach:
        count = counted(len(found.attach), "index", "indices")
        yield Text(f"  to put under the policy: {count} ({listed(found.attach, _SHOWN)})", "yellow")
    if found.update:
        count = counted(len(found.update), "index", "indices")
        yield Text(f"  to get its new version: {count} ({listed(found.update, _SHOWN)})", "yellow")


def _file_difference(file: PolicyFile) -> Iterator[Text]:
    if file.found is None:
        yield Text(f"  {file.path}: would be written", "yellow")
        return
    if not file.is_same:
        yield Text(f"  {file.path}: would be written again", "yellow")
        changes = unified_diff(file.found, file.lines, lineterm="", n=1)
        yield from (Text(f"  {line}") for line in list(changes)[2:])


def _remarks(found: PolicyPreview) -> Iterator[Text]:
    """Why it is refused; or what is to be known about it."""
    yield from (Text(f"  refused: {words.problem(each)}", "bold red") for each in found.problems)
    if not found.problems:
        yield from (Text(words.note(each), "dim") for each in found.notes)


def _done(outcome: PolicyOutcome) -> Iterator[Text]:
    yield Text(words.done(outcome), "bold yellow" if outcome.failed else "bold green")
    for what, names in (("under the policy now", outcome.attached), ("no longer under it", outcome.detached)):
        if names:
            count = counted(len(names), "index", "indices")
            yield Text(f"  {count} {what}: {listed(names, _SHOWN)}")
    for each in outcome.failed:
        yield Text(f"  {each.index or 'not done'}: {each.reason or 'not as wanted'}", "bold red")
    yield from (Text(f"  {path}") for path in outcome.files)
    yield from (Text(words.note(each), "dim") for each in outcome.notes)


def _value(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value)
