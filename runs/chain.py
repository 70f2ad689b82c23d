"""The chain of a journal: shows afterwards whether anything in it was changed, removed or put in between.

A journal's text is cut into parts: each of its keys, each intent and hook, each step and gate. A part gets a
*link*, its name and the SHA-256 of its text, when it first stands in the journal and whenever it has changed
since. Until a step has ended, only its beginning is linked: which attempt it is, and since when. Each link is
hashed together with the hash before it; the last hash is the *head*. So a head that is known from elsewhere,
as from a certificate, proves every link up to it, and by that their parts. The *seal* is the SHA-256 of the
whole text before it: no byte can change without a trace.

None of this needs a key: whoever may write the journal could make it anew. It proves only what a head that
was signed proves. docs/certificate.md says so.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

ALTERED = "altered"
"""Name of the link that says that something else than a run had changed the journal."""
_GONE = "-"
_UNLINKED = frozenset({"positions", "requests", "samples"})
"""Where the tail is, counters, and how fast steps went: they change all the time, prove nothing, and are only
sealed."""
_LISTS, _BY_NAME = frozenset({"intents", "hooks"}), frozenset({"steps", "gates"})
_EMPTY = dict.fromkeys(_LISTS, ("[]",)) | dict.fromkeys(_BY_NAME, ("{}",))
_UNFINISHED, _BEGINNING = '\n   "ended": null', 200
_START = hashlib.sha256(b"snapferry journal").hexdigest()
_CHAIN, _SEAL = ',\n "chain": ', ',\n "seal": "'
_END = re.compile(r'(\[[^\]]*\]),\n "head": "([0-9a-f]{64})",\n "seal": "[0-9a-f]{64}"\n\}')
_LINK = re.compile(r"[^\"\\]+ (?:[0-9a-f]{64}|-)")
_CLOSE = "\n}"


class Part(NamedTuple):
    """One part of a journal: its name, the text that its link is about, and whether it has a link."""

    name: str
    text: str
    is_linked: bool


@dataclass
class Chain:
    """The links of one journal, oldest first, as the process knows them that writes it.

    Args:
        links: each the name of a part and the digest of its text; `-` for a part that is gone again.
        head: the hash over all of them.
    """

    links: list[str] = field(default_factory=list[str])
    head: str = field(default=_START, init=False)
    _known: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    _seen: dict[str, int] = field(default_factory=dict[str, int], repr=False)

    def __post_init__(self) -> None:
        self.head = _folded(self.links)
        self._known.update(map(_split, self.links))

    def extend(self, found: Iterable[Part]) -> None:
        """Add a link for each part that is new, or not as its last link says.

        Args:
            found: all parts of the journal as it is now.
        """
        present = set[str]()
        for part in found:
            present.add(part.name)
            mark = hash(part.text)
            if part.is_linked and self._seen.get(part.name) != mark:
                self._seen[part.name] = mark
                self._note(part.name, _digest(part.text))
        for name in self._known.keys() - present - {ALTERED}:
            self._note(name, _GONE)

    def note_altered(self, digest: str) -> None:
        """Record for good that the journal was found altered.

        Args:
            digest: of the text that was found.
        """
        self._note(ALTERED, digest)

    def _note(self, name: str, digest: str) -> None:
        if self._known.get(name) != digest:
            self._known[name] = digest
            self.links.append(f"{name} {digest}")
            self.head = _next(self.head, self.links[-1])
            if digest == _GONE:
                self._seen.pop(name, None)

    def sealed(self, text: str) -> str:
        """The journal's text with its chain and its seal.

        Args:
            text: the journal without them, indented by one space.
        """
        opened = f'{text.removesuffix(_CLOSE)}{_CHAIN}{_listed(self.links)},\n "head": "{self.head}"'
        return f'{opened}{_SEAL}{_digest(opened)}"{_CLOSE}'


def parts(text: str) -> Iterator[Part]:
    """Cut a journal's text, indented by one space and without its chain, into its parts."""
    for entry in text.removesuffix(_CLOSE).split('\n "')[1:]:
        key, _, value = entry.partition('": ')
        value = value.removesuffix(",")
        if value in _EMPTY.get(key, ()):
            continue
        if key in _LISTS and value.startswith("[\n  {"):
            items = value.removesuffix("\n ]").split("\n  {")[1:]
            yield from (
                Part(f"{key}/{n}", f"{{{item.removesuffix(',')}", True) for n, item in enumerate(items)
            )
        elif key in _BY_NAME and value.startswith('{\n  "'):
            for item in value.removesuffix("\n }").split('\n  "')[1:]:
                name, _, inner = item.partition('": ')
                yield named_part(key, name, inner.removesuffix(","))
        else:
            yield Part(key, value, key not in _UNLINKED)


def named_part(key: str, name: str, text: str) -> Part:
    """A part that stands under its name, such as a step or a gate.

    What a step records before it has ended changes all the time: only its beginning is linked until then. So
    a step that is made to look unfinished afterwards is found.
    """
    end = text.find(_UNFINISHED, 0, _BEGINNING)
    return Part(f"{key}/{name}", text if end < 0 else text[: end + len(_UNFINISHED)], True)


def with_last_key(text: str, key: str, values: Mapping[str, str]) -> str:
    """A journal's text with one more key, an object of these texts."""
    listed = ",\n".join(f'  "{name}": {value}' for name, value in values.items())
    inner = f"{{\n{listed}\n }}" if listed else "{}"
    return f'{text.removesuffix(_CLOSE)},\n "{key}": {inner}{_CLOSE}'


# checking


@dataclass(frozen=True)
class Examined:
    """What a journal's chain says about the journal.

    Args:
        links: of its chain, oldest first.
        head: the hash over all of them.
        problem: why it does not hold; empty if it does.
    """

    links: tuple[str, ...] = ()
    head: str = ""
    problem: str = ""

    def head_at(self, length: int) -> str:
        """The hash over its first links; empty if it has fewer."""
        return _folded(islice(self.links, length)) if length <= len(self.links) else ""

    def names_after(self, length: int) -> tuple[str, ...]:
        """The parts that have got links since the chain had this length, each once."""
        return tuple(dict.fromkeys(_split(link)[0] for link in self.links[length:]))


def seal_of(text: str) -> str:
    """The seal at the end of a journal's text."""
    return text[-64 - len(f'"{_CLOSE}') : -len(f'"{_CLOSE}')]


def is_sealed(content: bytes) -> bool:
    """Whether a journal's text is the one that was sealed. Quick: no link is looked at."""
    body, _, end = content.rpartition(_SEAL.encode())
    return end == f'{hashlib.sha256(body).hexdigest()}"{_CLOSE}'.encode()


def examine(content: bytes, rewritten: Callable[[str], str]) -> Examined:
    """Check a journal's text against its seal, and its parts against its chain. Pure.

    Args:
        rewritten: reads a journal's text without its chain, and writes it as a run does; ValueError if it is
            none. Only where that makes no difference, the parts that are checked are all that is read: a key
            that stands twice, or where no part begins, would be read, too.

    Returns:
        What was found. A journal without a chain does not hold: nothing is known about it.
    """
    try:
        body, _, end = content.decode().rpartition(_CHAIN)
    except UnicodeDecodeError:
        return Examined(problem="it is not a text")
    found = _END.fullmatch(end)
    if found is None:
        return Examined(problem="it has no chain, or the end of it was changed")
    if not is_sealed(content):
        return Examined(problem="its text is not the one that was sealed")
    links = _read_links(found[1])
    if links is None:
        return Examined(problem="its chain is not written as a run writes it")
    body += _CLOSE
    return Examined(links, found[2], _not_as_written(body, rewritten) or _problem(links, found[2], body))


def _not_as_written(body: str, rewritten: Callable[[str], str]) -> str:
    try:
        is_same = rewritten(body) == body
    except ValueError:
        return "it is no journal that this version can read"
    return "" if is_same else "its text is not as a run writes it"


def _read_links(text: str) -> tuple[str, ...] | None:
    """The links of a chain; None if this is not the text of one."""
    try:
        links: list[object] = json.loads(text)
    except ValueError:
        return None
    texts = tuple(link for link in links if isinstance(link, str) and _LINK.fullmatch(link))
    return texts if _listed(texts) == text else None


def _listed(links: Sequence[str]) -> str:
    return "[\n" + ",\n".join(f'  "{link}"' for link in links) + "\n ]" if links else "[]"


def _problem(links: Sequence[str], head: str, body: str) -> str:
    if _folded(links) != head:
        return "its links do not lead to its head: one was changed, removed, added or moved"
    last = dict(map(_split, links))
    if ALTERED in last:
        return "something else than a run had changed it before a run went on with it"
    return next(_unlike(parts(body), last), "")


def _unlike(found: Iterable[Part], last: Mapping[str, str]) -> Iterator[str]:
    present = set[str]()
    for part in found:
        present.add(part.name)
        if part.is_linked and last.get(part.name) != _digest(part.text):
            yield f"{part.name} is not what its link says"
    yield from (
        f"{name} is missing" for name, digest in last.items() if digest != _GONE and name not in present
    )


def _split(link: str) -> tuple[str, str]:
    name, _, digest = link.rpartition(" ")
    return name, digest


def _folded(links: Iterable[str]) -> str:
    head = _START
    for link in links:
        head = _next(head, link)
    return head


def _next(head: str, link: str) -> str:
    return _digest(f"{head} {link}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
