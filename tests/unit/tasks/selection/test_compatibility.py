"""What can be restored where: the rules of AWS's guide and of the engines, as tables."""

from itertools import pairwise

import pytest

from domains.versions import Version, version_of
from tasks.selection.compatibility import creations, engine_problem, index_problems, oldest_readable, way_out


def v(text: str) -> Version:
    engine, number = text.split()
    return version_of("opensearch" if engine == "OS" else "elasticsearch", number)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("ES 6.8.23", "ES 7.10.2"),
        ("ES 6.8.23", "OS 1.3.20"),
        ("ES 7.1.1", "ES 7.10.2"),
        ("ES 7.10.2", "ES 7.10.2"),
        ("ES 7.10.2", "OS 1.0.0"),
        ("ES 7.10.2", "OS 2.19.4"),
        ("OS 1.3.20", "OS 2.5.0"),
        ("OS 1.0.0", "OS 1.3.20"),
        ("OS 2.19.4", "OS 3.6.0"),
        ("OS 2.3.0", "OS 3.0.0"),
        ("OS 3.6.0", "OS 3.6.0"),
        ("OS 3.5.0", "OS 3.6.0"),
    ],
)
def test_forward(source: str, target: str) -> None:
    assert engine_problem(v(source), v(target)) is None


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("OS 2.11.0", "OS 2.9.0", "only be restored on the same or a newer version"),
        ("OS 3.6.0", "OS 2.19.4", "only be restored on the same or a newer version"),
        ("OS 2.9.1", "OS 2.9.0", "only be restored on the same or a newer version"),
        ("OS 1.0.0", "ES 7.10.2", "Elasticsearch reads no snapshots of OpenSearch"),
        (
            "ES 7.10.2",
            "OS 3.6.0",
            "cannot read snapshots of Elasticsearch 7.10.2: the oldest it reads is OpenSearch 2.0.0",
        ),
        ("OS 1.3.20", "OS 3.6.0", "the oldest it reads is OpenSearch 2.0.0"),
        ("ES 6.8.23", "OS 2.19.4", "the oldest it reads is Elasticsearch 7.0.0"),
        ("ES 5.6.17", "ES 7.10.2", "the oldest it reads is Elasticsearch 6.0.0"),
        ("ES 5.6.17", "OS 1.3.20", "the oldest it reads is Elasticsearch 6.0.0"),
        ("ES 7.17.0", "OS 2.19.4", "forked from Elasticsearch 7.10"),
        ("ES 8.11.0", "OS 2.19.4", "forked from Elasticsearch 7.10"),
    ],
)
def test_backward_sideways_and_too_far(source: str, target: str, said: str) -> None:
    assert said in str(engine_problem(v(source), v(target)))


@pytest.mark.parametrize("target", ["ES 8.11.0", "ES 9.0.0"])
def test_elasticsearch_reads_no_snapshot_of_opensearch(target: str) -> None:
    assert engine_problem(v("OS 1.3.20"), v(target))


def created(text: str) -> int:
    found = v(text)
    major, minor, patch = (int(part) for part in found.number.split("."))
    number = major * 1_000_000 + minor * 10_000 + patch * 100 + 99
    return number ^ 0x08000000 if found.engine == "opensearch" else number


@pytest.mark.parametrize(
    ("index", "target", "held"),
    [
        ("ES 7.1.1", "OS 2.19.4", True),
        ("ES 6.8.0", "OS 2.19.4", False),
        ("ES 6.8.0", "OS 1.3.20", True),
        ("ES 5.6.17", "OS 1.3.20", False),
        ("ES 7.10.2", "OS 3.6.0", False),
        ("OS 1.3.20", "OS 3.6.0", False),
        ("OS 2.0.0", "OS 3.6.0", True),
        ("OS 1.3.20", "OS 2.0.0", True),
        ("ES 6.0.0", "ES 7.10.2", True),
        ("ES 5.6.0", "ES 7.10.2", False),
    ],
)
def test_an_index_counts_by_the_version_that_created_it(index: str, target: str, held: bool) -> None:
    problems = list(index_problems([("fine", created(target)), ("old", created(index))], v(target)))
    assert len(problems) == (0 if held else 1)
    if problems:
        assert problems[0].startswith(f"old: created on {v(index)}, but {v(target)} reads indices created on")
        assert "reindex" in problems[0]


@pytest.mark.parametrize(
    ("source", "target", "advice"),
    [
        ("OS 3.6.0", "OS 2.19.4", "upgrade the target to OpenSearch 3.6.0 or newer"),
        ("OS 1.0.0", "ES 7.10.2", "choose a target that runs OpenSearch"),
        ("ES 7.17.0", "OS 2.19.4", "reindex.too_old: true"),
        ("ES 7.10.2", "OS 3.6.0", "to a domain of OpenSearch 2.x first, reindex the indices there, then"),
        ("OS 1.3.20", "OS 3.6.0", "to a domain of OpenSearch 2.x first"),
        ("ES 6.8.23", "OS 2.19.4", "to a domain of OpenSearch 1.x first"),
        (
            "ES 6.8.23",
            "OS 3.6.0",
            "of OpenSearch 1.x, then to one of OpenSearch 2.x first, reindex",
        ),
        ("ES 5.6.17", "OS 1.3.20", "to a domain of Elasticsearch 6.x first"),
        ("ES 5.6.17", "ES 7.10.2", "to a domain of Elasticsearch 6.x first"),
        ("ES 5.6.17", "OS 2.19.4", "of Elasticsearch 6.x, then to one of OpenSearch 1.x first"),
    ],
)
def test_a_refusal_says_what_to_do_instead(source: str, target: str, advice: str) -> None:
    assert engine_problem(v(source), v(target))
    assert advice in way_out(v(source), v(target))


@pytest.mark.parametrize("source", ["ES 5.6.17", "ES 6.8.23", "ES 7.10.2", "OS 1.3.20", "OS 2.19.4"])
@pytest.mark.parametrize("target", ["ES 7.10.2", "OS 1.3.20", "OS 2.19.4", "OS 3.6.0", "OS 4.1.0"])
def test_every_hop_of_a_way_out_can_be_gone(source: str, target: str) -> None:
    newest = {
        "Elasticsearch 6.x": "ES 6.8.23", "Elasticsearch 7.10": "ES 7.10.2", "OpenSearch 1.x": "OS 1.3.20",
        "OpenSearch 2.x": "OS 2.19.4", "OpenSearch 3.x": "OS 3.6.0",
    }  # fmt: skip
    if v(source).engine == "opensearch" != v(target).engine or v(source) > v(target):
        return
    if engine_problem(v(source), v(target)) is None:
        return
    told = way_out(v(source), v(target))
    hops = sorted((v(number) for name, number in newest.items() if name in told), key=lambda each: each)
    way = [v(source), *hops, v(target)]
    assert len(way) > 2, told
    assert all(engine_problem(one, other) is None for one, other in pairwise(way)), told


def test_creations_in_words() -> None:
    told = list(creations([("a", created("ES 7.10.2")), ("b", created("OS 2.19.4")), ("c", None)]))
    assert told == [
        "a: created on Elasticsearch 7.10.2",
        "b: created on OpenSearch 2.19.4",
        "c: created on an unknown version",
    ]


def test_an_index_that_does_not_tell_is_refused() -> None:
    (problem,) = index_problems([("a", None)], v("OS 3.6.0"))
    assert "a: its creation version could not be read" in problem


def test_the_oldest_that_each_reads() -> None:
    found = {
        t: str(oldest_readable(v(t))) for t in ("ES 7.10.2", "OS 1.3.20", "OS 2.19.4", "OS 3.6.0", "OS 4.0.0")
    }
    assert found == {
        "ES 7.10.2": "Elasticsearch 6.0.0",
        "OS 1.3.20": "Elasticsearch 6.0.0",
        "OS 2.19.4": "Elasticsearch 7.0.0",
        "OS 3.6.0": "OpenSearch 2.0.0",
        "OS 4.0.0": "OpenSearch 3.0.0",
    }
