"""The bill of materials, as CycloneDX 1.6: what is installed with the wheel, with the hashes of the lock."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from releasing.installing import ROOT, CleanEnvironment
from releasing.licences import Licensed

_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill_of_materials(environment: CleanEnvironment, wheel: Path) -> dict[str, Any]:
    """List the packages of an environment; the wheel is what the list is about.

    To validate all of it takes half a minute; a test validates a part.
    """
    command = (Path(sys.executable).with_name("cyclonedx-py"), "environment", environment.python)
    options = (
        "--pyproject",
        ROOT / "pyproject.toml",
        "--of",
        "JSON",
        "--sv",
        "1.6",
        "--output-reproducible",
        "--no-validate",
    )
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    document: dict[str, Any] = json.loads(done.stdout)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    document["metadata"]["component"]["hashes"] = [_sha256(digest)]
    locked = locked_hashes((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    for each in document["components"]:
        known = locked.get((_name(each["name"]), each["version"]))
        if known:
            each["externalReferences"] = [*each.get("externalReferences", []), _files(each, known)]
    return document


def locked_hashes(lock: str) -> dict[tuple[str, str], list[str]]:
    """For each name and version of a lock, the digests of the files that it accepts."""
    return {(_name(name), version): _HASH.findall(rest) for name, version, rest in _PIN.findall(lock)}


def licence_list(licensed: list[Licensed]) -> str:
    """The licences as a table in Markdown."""
    rows = [f"| {each.package} | {each.version} | {each.licence or 'unknown'} |" for each in licensed]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows, ""])


def _files(component: dict[str, Any], digests: list[str]) -> dict[str, Any]:
    return {
        "type": "distribution",
        "url": component["purl"],
        "comment": "one of the files that the lock accepts",
        "hashes": [_sha256(digest) for digest in sorted(digests)],
    }


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
