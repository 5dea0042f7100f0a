"""YAML as a tree of texts with line numbers, built from parser events.

Every scalar stays the text that was written: what it means is decided by the field that reads it, so
that 0.10 is exactly 1/10, `no` is a word, 012 is not octal and 22:30 is a time. Anchors, tags and
merge keys are refused: a programme says everything where it stands. Nothing here recurses, so depth
cannot exhaust the stack, and the size is limited before anything is parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

SIZE_MAX_BYTES = 2_000_000
DEPTH_MAX = 24
NODES_MAX = 200_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a programme file: where, what, and what to do about it."""

    line: int
    """From 1; 0 where the file as a whole is meant."""
    path: str
    """Like `rules[3].products.categories`; empty for the whole file."""
    reason: str
    hint: str
    """What to do about it."""

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.path}" if self.path else "")
        return f"{where}: {self.reason} ({self.hint})"


@dataclass(slots=True)
class Node:
    """A text, a list or a mapping of the file, with the line where it begins (from 1)."""

    line: int
    text: str | None = None
    """Set for a scalar; None with no children for an empty one."""
    items: list[Node] | None = None
    entries: dict[str, Node] | None = None
    key_lines: dict[str, int] = field(default_factory=dict[str, int])
    path: str = ""

    @property
    def empty(self) -> bool:
        return self.text is None and self.items is None and self.entries is None

    @property
    def kind(self) -> str:
        if self.items is not None:
            return "a list"
        if self.entries is not None:
            return "a mapping"
        return "nothing" if self.text is None else f"{self.text[:40]!r}"


class TreeProblem(Exception):
    """The file is not even a tree; parsing stopped here."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def parse_tree(data: bytes) -> tuple[Node, list[Problem]]:
    """The one document of a file, and problems that did not stop the parsing (duplicate keys).

    Raises TreeProblem where no tree comes out at all.
    """
    if len(data) > SIZE_MAX_BYTES:
        raise TreeProblem(Problem(0, "", f"the file has {len(data)} bytes", f"at most {SIZE_MAX_BYTES}"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TreeProblem(Problem(line, "", "this is not UTF-8 text", "save the file as UTF-8")) from None
    builder = _Builder()
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        reason = f"this is not YAML: {error.problem or error.context or 'cannot be read'}"
        raise TreeProblem(Problem(line, "", reason, "check indentation, colons and quotes")) from None
    except (yaml.YAMLError, ValueError) as error:
        reason = f"this is not YAML: {str(error).splitlines()[0]}"
        raise TreeProblem(Problem(0, "", reason, "save it as plain UTF-8 text")) from None
    if builder.root is None:
        raise TreeProblem(Problem(0, "", "the file is empty", "start from resources/programmes/demo.yaml"))
    return builder.root, builder.problems


def _events(text: str) -> Iterator[yaml.Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is there in every wheel
    yield from yaml.parse(text, Loader=loader)  # pyright: ignore[reportUnknownMemberType]


class _Builder:
    """Builds the tree from events with a stack of its own."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.stack: list[Node] = []
        self.keys: list[str | None] = []
        self.nodes = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._stop(line, "anchors and aliases are not read", "write the settings out at each place")
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self._stop(line, "a second document begins here", "one file holds one programme")
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event, line)
            plain_null = event.implicit[0] and event.value in ("", "~", "null")
            self._place(Node(line, None if plain_null else event.value))
        elif isinstance(event, yaml.MappingStartEvent):
            self._refuse_tag(event, line)
            self._open(Node(line, entries={}))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._refuse_tag(event, line)
            self._open(Node(line, items=[]))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()
            self.keys.pop()

    def _stop(self, line: int, reason: str, hint: str) -> TreeProblem:
        return TreeProblem(Problem(line, self.stack[-1].path if self.stack else "", reason, hint))

    def _refuse_tag(self, event: yaml.NodeEvent, line: int) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            raise self._stop(line, f"the tag {tag!r} is not read", "write plain values")

    def _open(self, node: Node) -> None:
        self._place(node)
        if len(self.stack) >= DEPTH_MAX:
            raise self._stop(
                node.line, f"nested deeper than {DEPTH_MAX} levels", "nothing in a programme is so deep"
            )
        self.stack.append(node)
        self.keys.append(None)

    def _place(self, node: Node) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise self._stop(
                node.line, f"more than {NODES_MAX} values", "name goods by category, not one by one"
            )
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if parent.items is not None:
            node.path = f"{parent.path}[{len(parent.items)}]"
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is None:
            if node.text is None:
                raise self._stop(node.line, "a key must be a plain word", "write key: value")
            self.keys[-1] = node.text
            parent.key_lines.setdefault(node.text, node.line)
            return
        self.keys[-1] = None
        self._entry(parent, key, node)

    def _entry(self, parent: Node, key: str, node: Node) -> None:
        assert parent.entries is not None
        node.path = f"{parent.path}.{key}" if parent.path else key
        if key == "<<":
            raise self._stop(node.line, "merge keys are not read", "write the settings out at each place")
        if key in parent.entries:
            first = parent.key_lines[key]
            self.problems.append(
                Problem(node.line, node.path, f"{key!r} stands here a second time", f"first on line {first}")
            )
        parent.entries[key] = node
