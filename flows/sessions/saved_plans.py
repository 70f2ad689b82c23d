"""Saved plans as files: YAML, or JSON where the file's name ends so. Both are read as what they contain."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from configs.loading.loader import parse_plan, read_text
from configs.loading.plain_files import require_plain
from configs.loading.problems import PlanError, Problem
from configs.plan import Plan
from configs.values.visible import visible_lines
from domains.http.json_replies import is_object
from reports.words.estimates import plan_in_words
from tasks.planning.saved_plan import is_intact
from tasks.records.plan_document import PlanDocument

MAX_BYTES = 64 * 1024 * 1024
"""The most that a saved plan may hold: 10,000 indices need a tenth of it."""
_MAX_DEPTH = 50
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_ANEW = "save the plan that it was made from again (snapferry plan, with -o)"
SAVE_AGAIN = "save it again: `snapferry plan PLAN --new-run -o PLAN`"
_ABOUT = """\
# A saved plan, written by `snapferry plan -o`. To do exactly this: `snapferry migrate` this file
# Do not edit it: what it says is sealed by its hash. Make another one instead.
"""


def text_of(document: PlanDocument, *, as_json: bool = False) -> str:
    """The document as the text of a file."""
    content = plan_in_words(document).model_dump(mode="json")
    if as_json:
        return json.dumps(content, indent=1) + "\n"
    return _ABOUT + _dumped(content)


def _dumped(content: Any) -> str:
    """The content as YAML; with escapes where it has characters that nobody sees, which no plan may hold."""
    for as_it_is in (True, False):
        text: str = yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=as_it_is, width=110)
        if visible_lines(text) == text:
            break
    return text


def save(document: PlanDocument, path: Path) -> None:
    """Write the file, replacing what is there, whole or not at all; where a link stands, the file it names.

    Raises:
        OSError: it cannot be written, or what is there is no file: a device, a pipe, a folder.
    """
    place = Path(os.path.realpath(path))
    with suppress(FileNotFoundError):
        require_plain(place.stat().st_mode, path)
    fresh = place.with_name(f".{place.name}.new")
    try:
        fresh.write_text(text_of(document, as_json=path.suffix == ".json"), encoding="utf-8")
        fresh.replace(place)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def read(path: Path) -> PlanDocument:
    """The saved plan in this file.

    Raises:
        PlanError: it cannot be read, is no saved plan, or was changed after it was saved.
    """
    return parse(read_text(path, MAX_BYTES), path)


def parse(text: str, path: Path | str) -> PlanDocument:
    """The saved plan in this text.

    Args:
        path: where it came from, for problems.

    Raises:
        PlanError: it is no saved plan, or was changed after it was saved.
    """
    content: object = None
    try:
        content = _content(text)
        if is_object(content):
            content.pop("next", None)  # `plan --json` prints the document with its next step
        document = PlanDocument.model_validate_json(json.dumps(content))
    except ValidationError as error:
        if is_object(content) and "kind" not in content:
            made = "this is no saved plan; snapferry plan, with -o, makes one of a plan"
            raise _wrong(path, made) from None
        where = ".".join(str(part) for part in error.errors()[0]["loc"][:4])
        said = f"this saved plan cannot be used (at {where}); {_ANEW}"
        raise _wrong(path, said) from None
    except (yaml.YAMLError, TypeError, ValueError):
        raise _wrong(path, f"this saved plan is not whole; {_ANEW}") from None
    if document.kind == "rehearsal-plan":
        raise _wrong(
            path,
            "this shows what a rehearsal would do, and cannot be executed; rehearse the plan that it "
            "was made from",
        )
    if not is_intact(document):
        raise _wrong(
            path,
            f"this saved plan was changed after it was saved; {_ANEW}",
        )
    return document


def _content(text: str) -> object:
    """What the text says.

    Raises:
        YAMLError, ValueError: it is not YAML, or it is nothing that `save` writes. Aliases and deep nesting
            are found before values are made of them: they could fill the memory.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _MAX_DEPTH:
            raise ValueError("no saved plan has this")
    return yaml.load(text, Loader=_LOADER)


def plan_in(document: PlanDocument, path: Path | str) -> Plan:
    """The plan that a saved plan was made from.

    Raises:
        PlanError: this version of Snapferry does not take it any more.
    """
    return parse_plan(_dumped(document.plan), path)


def _wrong(path: Path | str, said: str) -> PlanError:
    return PlanError((Problem(path, 1, 1, "", said),))
