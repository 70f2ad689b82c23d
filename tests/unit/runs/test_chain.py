"""The chain of a journal: whatever is changed in it afterwards is found."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import forged
from support.building import a_plan

from runs import chain
from runs.chain import Examined
from runs.journal import Document, Journal, examined
from runs.run_status import RunStatus
from runs.state import State
from tasks.records.resolution import LeftOut

ITEM = LeftOut(name="orders", reason="closed")  # pyright: ignore[reportArgumentType]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal of a run that has ended: two steps, an intent that was taken back, a gate."""
    begun = State(tmp_path, "orders").begin(a_plan(), "migrate")  # pyright: ignore[reportArgumentType]
    for step in ("resolve", "look ahead"):
        with begun.step(step):
            pass
        begun.keep(step, ITEM)
    with begun.step("restore"), begun.intend("restore", "target", "restore", {"targets": ['é\n\t"}', "b"]}):
        pass
    begun.document.intents[0].result = "put back"
    begun.settle(RunStatus.DONE)
    return begun


def content(journal: Journal) -> bytes:
    return journal.path.read_bytes()


def read(journal: Journal) -> dict[str, Any]:
    return json.loads(content(journal))


def test_a_journal_as_it_was_written_holds(journal: Journal) -> None:
    found = examined(content(journal))
    assert found.problem == ""
    assert found.head == journal.document.head == read(journal)["head"]
    assert list(found.links) == read(journal)["chain"]
    assert {
        "plan",
        "run_id",
        "status",
        "steps/resolve",
        "steps/look ahead",
        "steps/restore",
        "intents/0",
    } <= set(found.names_after(0))


def test_each_bit_that_is_flipped_is_found(journal: Journal) -> None:
    whole = content(journal)
    for place in range(len(whole)):
        bit = 1 << (place % 8)
        changed = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
        assert examined(changed).problem, f"bit {bit} of byte {place}"


def resealed(whole: bytes, change: Callable[[str], str]) -> Examined:
    """What is found where somebody changes the text and seals it again, but does not make the chain anew."""
    return examined(forged.resealed(whole, change))


def test_each_line_that_proves_something_is_found_even_if_it_is_sealed_again(journal: Journal) -> None:
    whole = content(journal)
    lines = whole.decode().split("\n")
    assert resealed(whole, lambda same: same).problem == ""
    for number, line in enumerate(lines[:-2]):
        key, _, value = line.partition(": ")
        if (
            not value
            or key.strip() in {'"positions"', '"requests"', '"samples"'}
            or not is_json(value.rstrip(","))
        ):
            continue
        changed = [*lines[:number], f'{key}: "other",', *lines[number + 1 :]]
        found = resealed(whole, lambda _, changed=changed: "\n".join(changed))
        assert found.problem, line


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def cut(text: str, start: str, end: str) -> str:
    """The text without what lies between, the end excluded."""
    before, _, rest = text.partition(start)
    return before + end + rest.partition(end)[2]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: re.sub(r'  "status [0-9a-f]+",\n', "", text, count=1), id="a link removed"),
        pytest.param(
            lambda text: re.sub(r'(  "plan .*\n)(  "run_id .*\n)', r"\2\1", text), id="links exchanged"
        ),
        pytest.param(lambda text: re.sub(r'(  "plan .*\n)', r"\1\1", text), id="a link added"),
        pytest.param(lambda text: cut(text, '\n  "look ahead"', '\n  "restore"'), id="a step removed"),
        pytest.param(
            lambda text: text.replace('"intents": [', '"intents": [\n  {\n  },'), id="an intent added"
        ),
        pytest.param(lambda text: text.replace(',\n "steps"', ',\n "more": 1,\n "steps"'), id="a key added"),
    ],
)
def test_what_is_removed_moved_or_put_in_is_found(journal: Journal, change: Callable[[str], str]) -> None:
    whole = content(journal)
    assert change(whole.decode()) != whole.decode()
    assert resealed(whole, change).problem


@pytest.mark.parametrize("forgery", forged.FORGERIES.values(), ids=forged.FORGERIES.keys())
def test_what_is_read_is_what_the_links_prove(journal: Journal, forgery: forged.Forgery) -> None:
    changed = forged.resealed(content(journal), forgery)
    assert changed != content(journal)
    Document.model_validate_json(changed)  # else it would be found anyway
    assert examined(changed).problem


def test_a_step_under_way_is_linked_when_it_begins_and_when_it_ends(journal: Journal) -> None:
    def links() -> list[str]:
        return [name for name in names() if name == "steps/repair"]

    def names() -> list[str]:
        assert examined(content(journal)).problem == ""
        return [link.rpartition(" ")[0] for link in read(journal)["chain"]]

    for attempt in (1, 2):
        with journal.step("repair"):
            assert len(links()) == 2 * attempt - 1
            for number in range(20):
                journal.keep("repair", ITEM.model_copy(update={"name": str(number)}))
            assert len(links()) == 2 * attempt - 1, "its record may change without a link"
            ended = resealed(
                content(journal),
                lambda text: re.sub(r'"ended": null(,\n   "s)', r'"ended": "2026-01-01T00:00:00Z"\1', text),
            )
            assert "steps/repair" in ended.problem
            again = resealed(
                content(journal), lambda text: re.sub(r'("repair": \{\n   "attempts": )\d', r"\g<1>7", text)
            )
            assert "steps/repair" in again.problem
        assert len(links()) == 2 * attempt


def test_a_journal_without_keys_that_came_later_still_holds(journal: Journal) -> None:
    """As an earlier version writes it, that did not know them."""
    text = json.loads(content(journal))
    rest = {k: v for k, v in text.items() if k not in {"samples", "steps", "chain", "head", "seal"}}
    steps = {
        name: json.dumps(step, indent=1, ensure_ascii=False).replace("\n", "\n  ")
        for name, step in text["steps"].items()
    }
    older = chain.with_last_key(json.dumps(rest, indent=1, ensure_ascii=False), "steps", steps)
    assert examined(chain.Chain(text["chain"]).sealed(older).encode()).problem == ""


def test_a_known_head_shows_what_came_after_it_and_that_nothing_before_it_is_missing(
    journal: Journal,
) -> None:
    before = examined(content(journal))
    with journal.step("finish"):
        pass
    after = examined(content(journal))
    assert after.problem == ""
    assert after.head_at(len(before.links)) == before.head != after.head
    assert after.names_after(len(before.links)) == ("steps/finish",)
    assert before.head_at(len(after.links)) == "", "an older copy lacks what was known"


def test_a_run_goes_on_with_a_changed_journal_which_says_so_ever_after(journal: Journal) -> None:
    journal.path.write_bytes(content(journal).replace(b'"put back"', b'"sent"'))
    again = Journal.load(journal.path)
    again.resume()
    again.settle(RunStatus.DONE)
    assert "before a run went on" in examined(content(journal)).problem
    Journal.load(journal.path).save()
    assert "before a run went on" in examined(content(journal)).problem


def test_the_chain_goes_on_in_another_process(journal: Journal) -> None:
    length = len(read(journal)["chain"])
    again = Journal.load(journal.path)
    again.save()
    assert len(read(journal)["chain"]) == length, "nothing has changed, so nothing is linked"
    again.document.steps.pop("look ahead")
    again.resume()
    found = examined(content(journal))
    assert found.problem == ""
    assert "steps/look ahead" in found.names_after(length)


def test_where_the_tail_is_makes_no_links(journal: Journal) -> None:
    from runs.journal import CopyPosition

    length = len(read(journal)["chain"])
    for number in range(20):
        journal.note_positions({"orders": CopyPosition(last={0: number})})
    assert len(read(journal)["chain"]) == length
    assert examined(content(journal)).problem == ""


def test_a_journal_of_before_has_no_chain_and_is_gone_on_with(journal: Journal) -> None:
    old = {key: value for key, value in read(journal).items() if key not in {"chain", "head", "seal"}}
    journal.path.write_text(json.dumps(old))
    again = Journal.load(journal.path)
    again.resume()
    assert read(journal).keys() == old.keys()
    assert "no chain" in examined(content(journal)).problem


def test_all_parts_together_are_the_document(journal: Journal) -> None:
    """What a part does not hold, no link would prove."""
    assert Document.model_validate_json(content(journal)) == journal.document
    names = {
        part.name.partition("/")[0]
        for part in chain.parts(content(journal).decode().partition(',\n "chain"')[0])
    }
    assert names | {"chain", "head", "seal", "intents", "hooks", "gates"} == Document.model_fields.keys()
