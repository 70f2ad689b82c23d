"""The writers of the cutover tests: a block loses no acknowledged write, and a lost one is reported."""

from __future__ import annotations

from migrations import documents, engine
from writers import writing

from lab.description import LabDescription


def test_a_block_refuses_writers_and_loses_nothing_that_was_acknowledged(clean_lab: LabDescription) -> None:
    """An index, another behind an alias, and a data stream, whose write index takes its block by the
    settings."""
    lab = clean_lab
    template = {"index_patterns": ["logs"], "data_stream": {}}
    engine(lab, "source", "PUT", "/_index_template/logs", template)
    engine(lab, "source", "PUT", "/_data_stream/logs")
    engine(lab, "source", "PUT", "/orders", {"settings": {"number_of_shards": 3}})
    engine(lab, "source", "PUT", "/books-1", {"aliases": {"books": {"is_write_index": True}}})
    with writing(lab, "orders", "books", streams=["logs"], each=2) as writers:
        writers.wait("acknowledged", 60)
        blocked = engine(lab, "source", "PUT", "/orders,books-1/_block/write")
        assert blocked["acknowledged"] is True
        engine(lab, "source", "PUT", "/logs/_settings", {"index.blocks.write": True})
        writers.wait("refused", 10)
    assert writers.lost("source") == []
    for name, page in writers.pages.items():
        assert documents(lab, "source", name) == page.live, writers.reasons()
        assert page.reasons.keys() == {"cluster_block_exception"}
        assert page.acknowledged and page.refused
    assert any(value is None for value in writers.pages["orders"].acknowledged.values())


def test_a_lost_document_and_a_lost_deletion_are_found(clean_lab: LabDescription) -> None:
    with writing(clean_lab, "orders", way="engine") as writers:
        writers.wait("acknowledged", 100)
    book = writers.pages["orders"].acknowledged
    kept = next(id for id, value in book.items() if value is not None)
    deleted = next(id for id, value in book.items() if value is None)
    engine(clean_lab, "source", "DELETE", f"/orders/_doc/{kept}")
    engine(clean_lab, "source", "PUT", f"/orders/_doc/{deleted}", {"value": 0})
    assert sorted(line.split(":")[0] for line in writers.lost("source")) == sorted(
        [f"orders/{kept}", f"orders/{deleted}"]
    )
