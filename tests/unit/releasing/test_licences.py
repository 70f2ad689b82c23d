"""Which licence a package has by its metadata, and which we accept."""

from email.message import Message

import pytest

from releasing.licences import is_accepted, licence_of


def about(**fields: str | list[str]) -> Message:
    message = Message()
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            message[name.replace("_", "-")] = value
    return message


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        (about(License_Expression="MIT AND PSF-2.0", License="other"), "MIT AND PSF-2.0"),
        (about(License="Apache-2.0"), "Apache-2.0"),
        (about(License="BSD", Classifier="License :: OSI Approved :: BSD License"), "BSD-3-Clause"),
        (
            about(
                License="Dual License",
                Classifier=[
                    "License :: OSI Approved :: BSD License",
                    "License :: OSI Approved :: Apache Software License",
                ],
            ),
            "BSD-3-Clause OR Apache-2.0",
        ),
        (about(License="Ask our lawyers"), ""),
        (about(Classifier="License :: OSI Approved"), ""),
        (about(License="", Classifier=["License :: Other/Proprietary License"]), ""),
        (about(), ""),
    ],
)
def test_the_licence_is_what_the_metadata_says(metadata: Message, licence: str) -> None:
    assert licence_of(metadata) == licence


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-2.0-only)", True),
        ("(MIT OR ISC) AND GPL-2.0-only", False),
        ("MIT AND ISC OR GPL-2.0-only", True),
        ("", False),
        ("MIT ISC", False),
        ("(MIT", False),
        ("MIT AND", False),
        ("Apache-2.0 WITH LLVM-exception", False),
    ],
)
def test_a_licence_is_accepted_if_it_leaves_a_choice_that_we_accept(licence: str, accepted: bool) -> None:
    assert is_accepted(licence) is accepted
