"""`python -m releasing wheel` and `python -m releasing sbom`: write what a release consists of into dist/."""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from releasing.installing import ROOT, built_wheel, installed
from releasing.licences import is_accepted, licences_in
from releasing.sbom import bill_of_materials, licence_list

DIST = ROOT / "dist"


def main(arguments: Sequence[str]) -> int:
    """Write the wheel and, for `sbom`, what it needs and under which licences; return the exit code."""
    if list(arguments) not in (["wheel"], ["sbom"]):
        print("usage: python -m releasing wheel|sbom", file=sys.stderr)
        return 2
    DIST.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = built_wheel(Path(folder))
        wheel = Path(shutil.copy(made, DIST))
        print(wheel.relative_to(ROOT))
        return 0 if arguments[0] == "wheel" else _describe(made, Path(folder) / "light")


def _describe(wheel: Path, folder: Path) -> int:
    """Write the bill of materials and the licences; return 1 if a licence is unknown or not accepted."""
    environment = installed(wheel, folder)
    licensed = licences_in(environment.packages)
    texts = {
        "sbom.cdx.json": json.dumps(bill_of_materials(environment, wheel), indent=2) + "\n",
        "licences.md": licence_list(licensed),
    }
    for name, text in texts.items():
        (DIST / name).write_text(text, encoding="utf-8")
        print((DIST / name).relative_to(ROOT))
    refused = [each for each in licensed if not is_accepted(each.licence)]
    for each in refused:
        print(f"{each.package}: licence {each.licence or 'unknown'} is not accepted", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
