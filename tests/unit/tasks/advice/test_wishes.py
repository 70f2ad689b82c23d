"""What is wanted, as users write it."""

import pytest

from tasks.advice.wishes import wished_account, wished_version


@pytest.mark.parametrize(
    ("text", "engine", "number"),
    [
        ("3.1", "opensearch", "3.1"),
        ("OpenSearch_2.19", "opensearch", "2.19"),
        ("os 2.19.4", "opensearch", "2.19"),
        ("7.10", "elasticsearch", "7.10"),
        ("Elasticsearch_6.8", "elasticsearch", "6.8"),
    ],
)
def test_a_version_is_read_in_the_forms_that_people_and_the_service_write(
    text: str, engine: str, number: str
) -> None:
    found = wished_version(text)
    assert (found.engine, found.number) == (engine, number)


@pytest.mark.parametrize("text", ["", "3", "three", "OpenSearch", "3.1.2.3", "solr 9.1"])
def test_anything_else_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="give one such as"):
        wished_version(text)


def test_an_account_has_twelve_digits() -> None:
    assert wished_account("123456789012") == "123456789012"
    with pytest.raises(ValueError, match="twelve digits"):
        wished_account("12345")
