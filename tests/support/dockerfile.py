"""Read a Dockerfile, as far as its build can be done without Docker: stages, and what each of them says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Args:
        keyword: RUN, COPY and so on.
        text: what follows it, with continued lines joined.
    """

    keyword: str
    text: str


def stages_of(file: Path) -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first; what stands before the first FROM is left out."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    stages: list[list[Instruction]] = []
    for line in filter(None, joined.splitlines()):
        keyword, _, text = line.partition(" ")
        if keyword == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(Instruction(keyword, text.strip()))
    return stages


def texts_of(stage: list[Instruction], keyword: str) -> list[str]:
    """The texts of a stage's instructions with this keyword."""
    return [each.text for each in stage if each.keyword == keyword]
