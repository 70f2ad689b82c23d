"""What is wrong with an installation of OpenTelemetry, or with its variables: it must cost a run nothing."""

from contextlib import suppress

from domains.known_secrets import cut_secrets


def misfits() -> tuple[type[Exception], ...]:
    """What an installation raises whose parts do not fit together, or that its variables do not suit."""
    found: list[type[Exception]] = [ImportError, AttributeError, LookupError, StopIteration]
    found += [TypeError, ValueError, RuntimeError, OSError]
    with suppress(ImportError, AttributeError):
        from google.protobuf.runtime_version import VersionError

        found.append(VersionError)
    return tuple(found)


def said_of(error: Exception) -> str:
    """The error in one line, without secrets that this process uses."""
    return " ".join(cut_secrets(f"{type(error).__name__}: {error}").split())
