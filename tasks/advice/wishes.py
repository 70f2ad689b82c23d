"""What is wanted where no target is named, as users write it. Pure."""

import re

from tasks.records.advice import FoundVersion

_VERSION = re.compile(r"(?:(opensearch|os|elasticsearch|es)[ _-]?)?(\d{1,2})\.(\d{1,2})(?:\.\d{1,3})?", re.I)
_FIRST_OF_ELASTICSEARCH = 5
"""Major versions below are OpenSearch's where no engine is named: the service has no older Elasticsearch."""
_ACCOUNT = re.compile(r"\d{12}")


def wished_version(text: str) -> FoundVersion:
    """Parse a version such as `3.1`, `OpenSearch_2.19` or `es 7.10`.

    Raises:
        ValueError: it is none.
    """
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        raise ValueError("this is no version; give one such as 3.1, OpenSearch_2.19 or Elasticsearch_7.10")
    named, major, minor = (found[1] or "").lower(), int(found[2]), int(found[3])
    is_elasticsearch = named.startswith("e") or (not named and major >= _FIRST_OF_ELASTICSEARCH)
    return FoundVersion(
        engine="elasticsearch" if is_elasticsearch else "opensearch", number=f"{major}.{minor}"
    )


def wished_account(text: str) -> str:
    """Accept the number of an account.

    Raises:
        ValueError: it is none.
    """
    if not _ACCOUNT.fullmatch(text.strip()):
        raise ValueError("this is no account; give its twelve digits")
    return text.strip()
