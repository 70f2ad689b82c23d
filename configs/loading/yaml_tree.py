"""Turn YAML nodes into plain values with their positions. Report values that YAML reads unlike people do."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from configs.base import Path
from configs.loading.yaml_syntax import MAX_DEPTH, MAX_NODES, SyntaxProblem, too_big
from configs.values.visible import is_visible, visible

_TAG = "tag:yaml.org,2002:"
_KINDS = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "a boolean",
    "null": "nothing",
    "timestamp": "a date",
}
_MAP_TAGS = frozenset({_TAG + "map"})
_LIST_TAGS = frozenset({_TAG + "seq"})
_SCALAR_TAGS = frozenset(_TAG + name for name in (*_KINDS, "value", "merge"))
_INSIDE = "this alias is inside the value that it repeats; write the values out"
_PLAIN_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_PLAIN_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]*([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Spot:
    """The positions of a value and of its key in the text, its kind and its spelling."""

    key: int
    value: int
    kind: str
    text: str = ""


@dataclass(frozen=True)
class Oddity:
    """A problem in the text itself, found before validation."""

    index: int
    path: Path
    message: str
    spoils_value: bool = True


@dataclass
class Tree:
    """The values of a file, the spot of each, and the oddities found."""

    data: object = None
    spots: dict[Path, Spot] = field(default_factory=dict[Path, Spot])
    oddities: list[Oddity] = field(default_factory=list[Oddity])


def build_tree(root: yaml.Node) -> Tree:
    """Turn the root node into plain values with their spots."""
    builder = _Builder()
    builder.tree.data = builder.value(root, (), root.start_mark.index)
    return builder.tree


class _Builder:
    def __init__(self) -> None:
        self.tree = Tree()
        self._open: list[yaml.Node] = []
        self._count = 0

    def value(self, node: yaml.Node, path: Path, key: int) -> object:
        place = node.start_mark.index
        self._spend(place)
        if any(node is other for other in self._open):
            self._odd(place, path, _INSIDE)
            self.tree.spots[path] = Spot(key, place, "an alias")
            return None
        self._open.append(node)
        result = self._of_kind(node, path, key)
        self._open.pop()
        return result

    def _of_kind(self, node: yaml.Node, path: Path, key: int) -> object:
        place = node.start_mark.index
        if isinstance(node, yaml.MappingNode):
            self.tree.spots[path] = Spot(key, place, "a mapping")
            self._check_tag(node, path, _MAP_TAGS)
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self.tree.spots[path] = Spot(key, place, "a list")
            self._check_tag(node, path, _LIST_TAGS)
            return [
                self.value(item, (*path, at), item.start_mark.index) for at, item in enumerate(_items(node))
            ]
        text = str(node.value)
        kind = _KINDS.get(node.tag.removeprefix(_TAG), "text")
        self.tree.spots[path] = Spot(key, place, kind, text)
        self._check_tag(node, path, _SCALAR_TAGS)
        self._check_spelling(node, path)
        try:
            return _scalar(node.tag, text)
        except ValueError as error:
            self._odd(place, path, str(error))
            return text if encodes(text) else ""

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node, merged in self._pairs(node, path):
            place = key_node.start_mark.index
            key = self._key(key_node, path)
            if key is None or (merged and key in result):
                continue
            if key in result:
                message = "this key occurs twice in one mapping; remove one"
                self._odd(place, (*path, key), message, spoils=False)
                continue
            result[key] = self.value(value_node, (*path, key), place)
        return result

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        merges: list[yaml.Node] = []
        for key_node, value_node in _entries(node):
            if key_node.tag == _TAG + "merge":
                merges.append(value_node)
            else:
                yield key_node, value_node, False
        for merge in merges:
            yield from self._merged(merge, path)

    def _merged(self, merge: yaml.Node, path: Path) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        sources = _items(merge) if isinstance(merge, yaml.SequenceNode) else [merge]
        for source in sources:
            self._spend(source.start_mark.index)
            if not isinstance(source, yaml.MappingNode):
                message = "<< merges a mapping or a list of mappings; write it as <<: *name"
                self._odd(source.start_mark.index, path, message, spoils=False)
            elif any(source is other for other in self._open):
                message = _INSIDE
                self._odd(source.start_mark.index, path, message, spoils=False)
            else:
                self._open.append(source)
                for key_node, value_node, _ in self._pairs(source, path):
                    self._spend(key_node.start_mark.index)
                    yield key_node, value_node, True
                self._open.pop()

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        place = node.start_mark.index
        if not isinstance(node, yaml.ScalarNode):
            self._odd(place, path, "a key must be plain text, not a list or a mapping", spoils=False)
        elif node.tag != _TAG + "str" or not encodes(str(node.value)):
            message = "a key must be text, but YAML reads this as something else; put it in quotes"
            self._odd(place, path, message, spoils=False)
        else:
            self._check_spelling(node, path)
            return str(node.value)
        return None

    def _check_spelling(self, node: yaml.Node, path: Path) -> None:
        """Refuse what nobody sees, unless it is written as an escape, which everybody sees."""
        start, end = node.start_mark, node.end_mark
        spelled = str(start.buffer or "")[start.pointer : end.pointer]
        unseen = next((each for each in spelled if each not in "\n\r\t" and not is_visible(each)), None)
        if unseen:
            escape = visible(unseen)
            message = (
                f"there is a character here that nobody sees ({escape}); remove it, or, if a name really has "
                f"it, write {escape} in its place, in double quotes"
            )
            self._odd(start.index, path, message, spoils=False)

    def _check_tag(self, node: yaml.Node, path: Path, allowed: frozenset[str]) -> None:
        if node.tag not in allowed:
            message = "a plan cannot use custom tags (!…); remove it, or put the text in quotes"
            self._odd(node.start_mark.index, path, message)

    def _odd(self, index: int, path: Path, message: str, *, spoils: bool = True) -> None:
        self.tree.oddities.append(Oddity(index, path, message, spoils))

    def _spend(self, place: int) -> None:
        self._count += 1
        if self._count > MAX_NODES or len(self._open) > MAX_DEPTH:
            raise SyntaxProblem(place, too_big(len(self._open)))


def encodes(text: str) -> bool:
    """Whether the text has only real characters; escapes such as "\\ud800" make others."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _items(node: yaml.SequenceNode) -> list[yaml.Node]:
    return list(node.value)


def _entries(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value)


def _scalar(tag: str, text: str) -> object:
    if not encodes(text):
        raise ValueError("an escape in this text is not a valid character; remove it")
    name = tag.removeprefix(_TAG)
    if name == "null":
        return None
    if name == "bool":
        return _boolean(text)
    if name in {"int", "float"}:
        return _number(name, text)
    if name == "timestamp":
        raise ValueError("YAML reads this as a date; put it in quotes")
    if name in {"value", "merge"}:
        raise ValueError("this has a special meaning in YAML; put it in quotes")
    return text


def _boolean(text: str) -> bool:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if re.fullmatch(r"(?i)yes|on|no|off", text):
        means = "true" if text.lower() in {"yes", "on"} else "false"
        raise ValueError(f'YAML reads this as {means}; write {means}, or "{text}" in quotes if it is text')
    raise ValueError("write true or false")


def _number(name: str, text: str) -> int | float:
    if name == "int" and _PLAIN_INT.fullmatch(text):
        return int(text)
    if name == "float" and _PLAIN_FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    raise ValueError("YAML reads this as an unusual number; write it plainly, or in quotes if it is text")
