"""Documents and ids that are easily damaged on their way from one engine to another."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.raw_engine import CBOR, JSON

MAPPING: dict[str, Any] = {
    "properties": {
        "number": {"type": "long"},
        "price": {"type": "double"},
        "text": {"type": "text"},
        "raw": {"type": "object", "enabled": False},
    }
}
NESTED = {"lines": {"type": "nested", "properties": {"article": {"type": "keyword"}}}}
GROWN = 12
"""So many fields come by dynamic mapping; each has its type from its number."""
_GROWN_VALUES: tuple[Callable[[int], Any], ...] = (
    lambda n: n,
    lambda n: f"word {n}",
    lambda n: n % 2 == 0,
    lambda n: f"2026-01-{n % 27 + 1:02}T00:00:00Z",
    lambda n: {"inner": {"deep": n}},
    lambda n: [n, n + 1],
)


@dataclass(frozen=True)
class Body:
    """A document as it is sent."""

    content: bytes
    kind: str = JSON

    @property
    def fits_bulk(self) -> bool:
        """Whether it can be a line of `_bulk`."""
        return self.kind == JSON and b"\n" not in self.content


def plain(chance: random.Random, number: int) -> Body:
    """A document as there are many."""
    words = " ".join(chance.choices(("tail", "lorem", "Größe", "señal", "値"), k=chance.randint(1, 12)))
    return _json({"number": number, "text": words, "price": chance.randint(1, 99999) / 100})


def nested(chance: random.Random, number: int) -> Body:
    """A document with nested ones, or with an empty list of them."""
    lines = [{"article": f"a{chance.randint(1, 9)}", "count": n} for n in range(chance.randint(0, 5))]
    return _json({"number": number, "lines": lines})


def odd(chance: random.Random, number: int) -> Body:
    """A document whose bytes matter. Engines refuse some of them."""
    kinds = (lambda: chance.choice(odd_bodies(number)), lambda: _grown(chance, number), lambda: _cbor(number))
    return chance.choices(kinds, (4, 2, 1))[0]()


def odd_bodies(number: int) -> list[Body]:
    """One of each kind of JSON whose bytes matter."""
    return [Body(text.replace("%d", str(number)).encode()) for text in _TEXTS]


def partial(chance: random.Random, number: int) -> dict[str, Any]:
    """What an update changes."""
    field, value = _grown_field(chance, number)
    seen = {"raw": {"seen": {f"n{number % 3}": number}}}
    return chance.choice(({"number": number}, {"number": number, field: value}, seen))


def odd_id(chance: random.Random, prefix: str, number: int) -> str:
    """An id as there are few."""
    return chance.choice(odd_ids(f"{prefix}{number}"))


def odd_ids(stem: str) -> list[str]:
    """Ids with signs that mean something in a URL or in JSON, with emoji, and as long as an engine takes."""
    long = ((stem + sign * 512).encode()[:512].decode("utf-8", "ignore") for sign in ("x", "ü", "🦆"))
    short = ("/a b?c=d&e%2F#+", " Größe 値 🦆", '"\\\t<>', ",*..", "\0\n")
    return [f"_{stem}", *(stem + end for end in short), *long]


def _json(value: Any) -> Body:
    return Body(json.dumps(value, ensure_ascii=False).encode())


def _grown(chance: random.Random, number: int) -> Body:
    field, value = _grown_field(chance, number)
    return _json({"number": number, field: value})


def _grown_field(chance: random.Random, number: int) -> tuple[str, Any]:
    field = chance.randrange(GROWN)
    return f"grown_{field:02}", _GROWN_VALUES[field % len(_GROWN_VALUES)](number)


def _cbor(number: int) -> Body:
    """{"number": …} as CBOR."""
    return Body(b"\xa1\x66number\x1a" + number.to_bytes(4, "big"), CBOR)


_TEXTS = (
    "{}",
    '{"number":%d,"price":1.10}',
    '{"number":%d,"price":1e400}',
    '{"number":%d,"raw":{"huge":1e400}}',
    '{"number":%d,"raw":{"long":123456789012345678901234567890,"precise":0.12345678901234567890123}}',
    '{"number":%d,"raw":{"zero":-0.0,"power":1E+2,"whole":10.0}}',
    '{ "number" :\t%d , "raw" : { } }',
    '{\n  "number": %d,\n  "raw": [\n    1,\n    2\n  ]\n}\n',
    '{"number":%d,"text":null,"raw":{"nothing":null,"none":[],"empty":""}}',
    '{"number":%d,"text":"\\u00e9 é \\/ / \\ud83e\\udd86 🦆 \\u0000"}',
    '{"number":%d,"raw":{"b":1,"a":{"d":[[],[[{}]]],"c":2}}}',
    '{"number":%d,"text":"' + "a long text, " * 3000 + '"}',
)
