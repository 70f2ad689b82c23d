"""Licences of installed packages, by their own metadata, as SPDX expressions; and which of them we accept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import distributions
from pathlib import Path
from typing import cast

ACCEPTED = {
    "Apache-2.0",
    "Artistic-1.0-Perl",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",  # asks for its own files only, and we change none
    "PSF-2.0",
}
"""Licences that ask for no more than their text to be kept."""
_NAMES = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "artistic license": "Artistic-1.0-Perl",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "gnu general public license (gpl)": "GPL-1.0-or-later",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
}
"""What metadata calls them before there were SPDX expressions in it, in small letters."""
_IDS = {id.lower(): id for id in ACCEPTED}
_WORD = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True, order=True)
class Licensed:
    """A package and its licence.

    Args:
        licence: an SPDX expression; empty if its metadata does not say it in words that are known here.
    """

    package: str
    version: str
    licence: str


def licences_in(packages: Path) -> list[Licensed]:
    """The licence of each package in a folder of packages, but for our own."""
    found = (cast("Message", each.metadata) for each in distributions(path=[str(packages)]))
    return sorted(
        Licensed(about["Name"], about["Version"], licence_of(about))
        for about in found
        if about["Name"] != "snapferry"
    )


def licence_of(about: Message) -> str:
    """The licence that a package's metadata names, as an SPDX expression; empty if it is not known.

    Several classifiers are a choice, as PyPA's guide to them has it.
    """
    expression = about.get("License-Expression")
    if expression:
        return expression
    classifiers = [
        each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if _is_licence(each)
    ]
    known = [_known(each) for each in classifiers]
    if known and all(known):
        return " OR ".join(dict.fromkeys(known))
    return _known((about.get("License") or "").strip())


def is_accepted(licence: str) -> bool:
    """Whether an SPDX expression leaves us a choice that we accept; False for one that cannot be read."""
    words = _WORD.findall(licence)
    try:
        return bool(words) and _either(iter([*words, ")"]))
    except StopIteration:
        return False


def _either(words: Iterator[str]) -> bool:
    """The value of an expression up to its closing bracket: OR of ANDs."""
    value, both = False, True
    for word in words:
        accepted = _either(words) if word == "(" else word in ACCEPTED
        both = both and accepted
        joint = next(words)
        if joint == ")":
            return value or both
        if joint == "OR":
            value, both = value or both, True
        elif joint != "AND":
            return False
    raise StopIteration


def _known(name: str) -> str:
    return _IDS.get(name.lower()) or _NAMES.get(name.lower(), "")


def _is_licence(classifier: str) -> bool:
    return classifier.startswith("License :: ") and classifier.count(" :: ") > 1
