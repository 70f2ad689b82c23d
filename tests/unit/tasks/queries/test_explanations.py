"""What two explanations of one score say differently decides what the cause is called."""

import copy
from typing import Any

import pytest

from tasks.queries.explanations import difference
from tasks.records.queries import Cause


def bm25(term: str = "title:fox", document: int = 3, **figures: float) -> dict[str, Any]:
    """An explanation as Lucene 8 and later make it."""
    values = {"n": 5, "N": 40, "freq": 1, "k1": 1.2, "b": 0.75, "dl": 8, "avgdl": 12.5} | figures
    names = {
        "n": "n, number of documents containing term",
        "N": "N, total number of documents with field",
        "freq": "freq, occurrences of term within document",
        "k1": "k1, term saturation parameter",
        "b": "b, length normalization parameter",
        "dl": "dl, length of field",
        "avgdl": "avgdl, average length of field",
    }
    leaves = [{"value": values[key], "description": name, "details": []} for key, name in names.items()]
    said = f"score(freq={values['freq']}), computed as boost * idf * tf from:"
    weight = f"weight({term} in {document}) [PerFieldSimilarity], result of:"
    score = {"value": 1.7, "description": said, "details": leaves}
    return {"value": 1.7, "description": weight, "details": [score]}


def test_the_same_explanation_of_another_lucene_document_is_no_difference() -> None:
    assert difference(bm25(), bm25(document=7)).causes == frozenset()


def test_statistics_alone_may_come_from_deleted_documents() -> None:
    found = difference(bm25(), bm25(n=6, N=47, avgdl=13.1))
    assert found.causes == {Cause.DELETED} and found.count_difference == 7
    assert "N is 40 on the source, 47 on the target" in found.evidence


def test_parameters_and_formulas_are_the_similarity() -> None:
    assert difference(bm25(), bm25(k1=0.1, N=41)).causes == {Cause.SIMILARITY, Cause.DELETED}
    other = copy.deepcopy(bm25())
    other["details"][0]["description"] = "score(DFRSimilarity, freq=1.0), computed from:"
    assert difference(bm25(), other).causes == {Cause.SIMILARITY}


def test_other_terms_or_other_figures_of_the_document_are_the_analysis() -> None:
    found = difference(bm25(), bm25("title:fox's"))
    assert found.causes == {Cause.ANALYSIS}
    assert found.evidence == ("other terms match (title: 1 on the source only, 1 on the target only)",)
    assert difference(bm25(), bm25(dl=7)).causes == {Cause.ANALYSIS}
    assert difference(bm25(), bm25(freq=2)).causes == {Cause.ANALYSIS}


def test_what_nobody_knows_is_unknown() -> None:
    left = {"value": 2.0, "description": "script score function", "details": []}
    assert difference(left, {**left, "value": 3.0}).causes == {Cause.UNKNOWN}


@pytest.mark.parametrize(
    ("term", "field"),
    [
        ("body:alice@example.com", "body"),
        ('user.name:"alice: secret"', "user.name"),
        ("Synonym(body:alice body:secret)", "body"),
        ("spanNear([body:alice, body:secret], 0, true)", "body"),
        ("alice secret", "unknown field"),
    ],
)
def test_terms_are_told_by_their_fields_and_never_by_their_texts(term: str, field: str) -> None:
    (said,) = difference(bm25(), bm25(term)).evidence
    assert f"{field}: 0 on the source only, 1 on the target only" in said
    assert "alice" not in said and "secret" not in said


def test_a_figure_that_quotes_the_search_is_not_named() -> None:
    left = {"value": 2.0, "description": "ConstantScore(body:alice)", "details": []}
    (said,) = difference(left, {**left, "value": 3.0}).evidence
    assert said == "another figure is 2 on the source, 3 on the target"
