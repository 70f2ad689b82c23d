"""An index with a final pipeline, which a tail turns off for the time being and must put back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.full_dump import Dump, value_of
from tests.support.raw_engine import RawEngine, document_path

PIPELINE = "pass"


@dataclass
class Piped:
    """An index with a final pipeline, and what clients have written to it.

    Args:
        there: each document's number, by its id.
    """

    name: str
    chance: random.Random
    there: dict[str, int] = field(default_factory=dict[str, int])

    @staticmethod
    def prepare(engine: RawEngine) -> None:
        """Make the pipeline; not every engine of the lab has a processor to put into it."""
        engine.call("PUT", f"/_ingest/pipeline/{PIPELINE}", {"processors": []})

    def make(self, engine: RawEngine) -> None:
        """Make the index, with a document."""
        settings = {"number_of_shards": 2, "number_of_replicas": 0, "final_pipeline": PIPELINE}
        engine.call("PUT", f"/{self.name}", {"settings": {"index": settings}})
        self.burst(engine, 20)

    def burst(self, engine: RawEngine, operations: int) -> None:
        """Index and delete some documents."""
        for _ in range(operations):
            id, number = f"p{self.chance.randrange(60)}", self.chance.randrange(10**6)
            path = document_path(self.name, id)
            if id in self.there and self.chance.random() < 0.3:
                assert engine.send("DELETE", path).status_code == 200
                del self.there[id]
            else:
                reply = engine.send("PUT", path, json.dumps({"number": number}).encode())
                assert reply.status_code in (200, 201), reply.text
                self.there[id] = number

    def wrong(self, dump: Dump) -> Iterator[str]:
        """A line for each document that is not what clients sent."""
        found = {each.id: value_of(each.source) for each in dump.documents}
        for id in sorted(found.keys() | self.there.keys()):
            wanted = {"number": self.there[id]} if id in self.there else None
            if found.get(id) != wanted:
                yield f"{self.name}: {id} is {found.get(id)} and not {wanted}"
