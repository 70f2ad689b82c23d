"""Generate documents in any number, the same for the same seed on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Document = tuple[str, dict[str, Any]]

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
STATES = ("open", "paid", "packed", "shipped", "delivered", "returned")
COUNTRIES = ("AT", "BR", "CH", "DE", "ES", "FR", "IE", "IN", "JP", "NG", "PL", "US")
GOODS = (
    "anvil", "barrel", "candle", "drum", "engine", "ferry", "globe", "hammer", "island map", "jib",
    "kettle", "lantern", "mast", "net", "oar", "pulley", "quill", "rope", "sextant", "tiller",
)  # fmt: skip
VERBS = ("GET", "GET", "GET", "POST", "PUT", "DELETE")
PATHS = ("/", "/orders", "/orders/{}", "/customers/{}", "/search?q={}", "/health", "/login")
NOTES = (
    "deliver to the neighbour",
    "fragile",
    "gift wrap, please",
    "call before delivery",
    "leave at the gate",
)


def orders(count: int, seed: int) -> Iterator[Document]:
    """Generate `count` orders with their ids."""
    random = Random(f"orders/{seed}")
    for number in range(count):
        yield f"o-{number:08d}", _order(random, number)


def nested_orders(count: int, seed: int) -> Iterator[Document]:
    """Generate `count` orders with one to five `lines` each, for a nested mapping."""
    random = Random(f"nested/{seed}")
    for number in range(count):
        lines = [_line(random) for _ in range(random.randint(1, 5))]
        yield f"n-{number:08d}", {**_order(random, number), "lines": lines}


def catalog(count: int) -> Iterator[Document]:
    """Generate `count` titles of goods, every good from the 20th on."""
    for number in range(count):
        yield f"g-{number:08d}", {"title": f"A good {GOODS[number % len(GOODS)]}, no. {number}"}


def customers(count: int, seed: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Generate `count` customers: id, routing (the country) and document."""
    random = Random(f"customers/{seed}")
    for number in range(count):
        country = random.choice(COUNTRIES)
        document = {
            "name": f"Customer {random.getrandbits(32):08x}",
            "country": country,
            "since": _moment(random),
            "credit": round(random.uniform(0, 10_000), 2),
        }
        yield f"c-{number:08d}", country, document


def web_logs(count: int, seed: int) -> Iterator[Document]:
    """Generate `count` access log lines in order of time, with `@timestamp`."""
    random = Random(f"logs/{seed}")
    moment = DAY_ONE
    for number in range(count):
        moment += timedelta(milliseconds=random.randint(1, 2000))
        document = {
            "@timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "client": f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}",
            "verb": random.choice(VERBS),
            "path": random.choice(PATHS).format(random.randrange(10_000)),
            "status": random.choices((200, 201, 304, 404, 500), (80, 5, 8, 6, 1))[0],
            "bytes": int(random.expovariate(1 / 4000)),
            "took_ms": round(random.lognormvariate(3, 1), 2),
        }
        yield f"l-{number:08d}", document


def _order(random: Random, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "customer": f"c-{random.randrange(50_000):08d}",
        "state": random.choice(STATES),
        "country": random.choice(COUNTRIES),
        "placed": _moment(random),
        "total": round(random.lognormvariate(4, 1), 2),
        "items": random.randint(1, 12),
        "goods": random.choice(GOODS),
        "note": f"{random.choice(NOTES)}, {random.getrandbits(40):010x}",
    }


def _line(random: Random) -> dict[str, Any]:
    return {
        "goods": random.choice(GOODS),
        "quantity": random.randint(1, 9),
        "price": round(random.uniform(1, 500), 2),
    }


def _moment(random: Random) -> str:
    moment = DAY_ONE + timedelta(seconds=random.randrange(300 * 86_400))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
