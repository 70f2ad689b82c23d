"""The plan's `conflicts` section: what to do with names that the target already has."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from configs.base import Conflict, Settings
from configs.values.names import (
    INDEX_PATTERN,
    PREFIX_PATTERN,
    SUFFIX_PATTERN,
    check_index_name,
    check_prefix,
    check_suffix,
)

IndexName = Annotated[
    str,
    AfterValidator(check_index_name),
    Field(json_schema_extra={"pattern": INDEX_PATTERN.replace("A-Z", "A-Z*")}),
]


class ConflictSettings(Settings):
    """What to do when the target already has an index, alias or data stream of the same name."""

    policy: Literal["fail", "skip", "rename", "delete"] = Field(
        default="fail",
        title="Policy",
        description="fail: change nothing. skip: leave that index out. rename: restore it under another "
        "name. delete: delete the target's, if it is named under `delete`.",
    )
    prefix: Annotated[str, AfterValidator(check_prefix)] = Field(
        default="",
        title="Prefix",
        description="Added before each name; only with policy rename.",
        examples=["rehearsal-"],
        json_schema_extra={"pattern": PREFIX_PATTERN},
    )
    suffix: Annotated[str, AfterValidator(check_suffix)] = Field(
        default="",
        title="Suffix",
        description="Added after each name; only with policy rename.",
        examples=["-restored"],
        json_schema_extra={"pattern": SUFFIX_PATTERN},
    )
    delete: list[IndexName] = Field(
        default=[],
        title="Delete",
        description="Exact names that may be deleted on the target; only with policy delete, or rename with "
        "then: alias. The command also needs --allow-delete for each.",
        examples=[["orders-2024"]],
    )

    then: Literal["none", "alias", "reindex"] = Field(
        default="none",
        title="Then",
        description="What becomes of renamed indices once they are verified; only with policy rename. none: "
        "nothing. alias: their old names become aliases of them, in one request. reindex: their documents "
        "are merged into the target's index of the old name.",
        examples=["alias"],
    )
    collisions: Literal["fail", "keep"] = Field(
        default="fail",
        title="Collisions",
        description="With `then: reindex`: what to do if a document of the target has the same id and other "
        "content. fail: merge nothing. keep: leave the target's document as it is, and count it.",
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield the fields that contradict the policy."""
        yield from self._after_renaming()
        affixes = (("policy",), ("prefix",), ("suffix",))
        deletes = (("policy",), ("delete",))
        if self.policy == "rename" and not self.prefix and not self.suffix:
            yield Conflict(("policy",), "rename needs a prefix or a suffix, such as prefix: moved-", affixes)
        for name, value in (("prefix", self.prefix), ("suffix", self.suffix)):
            if self.policy != "rename" and value:
                message = f"this is only for policy rename, and the policy is {self.policy}; remove it"
                yield Conflict((name,), message, (("policy",), (name,)))
        if self.policy == "rename" and len(self.prefix.encode()) + len(self.suffix.encode()) > 200:
            yield Conflict(("prefix",), "prefix and suffix leave no room for the name; shorten them", affixes)
        if self.policy == "delete" and not self.delete:
            message = "delete needs the exact names that may be deleted, such as delete: [orders-2024]"
            yield Conflict(("policy",), message, deletes)
        if self.policy != "delete" and self.then != "alias" and self.delete:
            message = f"this is only for policy delete, and the policy is {self.policy}; remove it"
            yield Conflict(("delete",), message, deletes)
        seen: set[str] = set()
        for place, name in enumerate(self.delete):
            if name in seen:
                yield Conflict(("delete", place), "this name is listed twice; remove one", deletes)
            seen.add(name)

    def _after_renaming(self) -> Iterator[Conflict]:
        for name, value, usual in (("then", self.then, "none"), ("collisions", self.collisions, "fail")):
            if self.policy != "rename" and value != usual:
                message = f"this is only for policy rename, and the policy is {self.policy}; remove it"
                yield Conflict((name,), message, (("policy",), (name,)))
        if self.policy == "rename" and self.then != "reindex" and self.collisions != "fail":
            message = f"this is only for then: reindex, and then is {self.then}; remove it"
            yield Conflict(("collisions",), message, (("then",), ("collisions",)))
