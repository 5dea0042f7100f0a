"""The mutants that mutmut makes of the engine's sources, each with where it stands and what it is about."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.configuration import config
from mutmut.mutation.file_mutation import create_mutations

ROOT = Path(__file__).resolve().parents[2]
READING = {
    "contract", "model", "plain", "programme", "promise", "reading", "schema", "terms", "unused", "wording",
    "yamltree",
}  # fmt: skip
"""The sources that those tests are for, beside what each kind says of its own settings."""
ABOUT_SETTINGS = {"benefit_problems", "check", "terms", "takes_off", "earns", "spends"}
GUARD = re.compile(r",?\s*\bstrict=(True|False|None)\b")
"""`zip(…, strict=True)` guards an invariant; without the guard nothing changes while it holds."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change to one function. `was` and `now` are the lines that differ, as they stand in the source."""

    file: str
    function: str
    was: str
    now: str
    source: str
    """The changed function, inside its class where it has one."""
    lines: tuple[int, int]
    """The statement it is in: tests that never reach it cannot notice."""
    about_settings: bool = False
    """The function checks settings or words them for customers; it decides nothing of a sale."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.function, f"{self.was} => {self.now}"

    def __str__(self) -> str:
        return f"{self.file}:{self.lines[0]} {self.function}\n    - {self.was}\n    + {self.now}"


def mutated_files(every: bool) -> list[str]:
    """The engine's sources, relative to the root: every one, or those that pyproject.toml holds to it."""
    files: list[Path] = []
    for path in config().source_paths:
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [str(file) for file in files if every or config().should_mutate(file)]


def mutants_of(file: str) -> Iterator[Mutant]:
    """Every mutant that mutmut makes of a file, in the order of the source."""
    text = (ROOT / file).read_text(encoding="utf-8")
    module, mutations, _, _ = create_mutations(file, text)
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    spans = statement_spans(text)
    named = {function: (owner, function) for owner, function in functions_of(module)}
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or function not in named:
            continue
        owner = named[function][0]
        changed = function.deep_replace(mutation.original_node, mutation.mutated_node)
        before, after = (module.code_for_node(each).splitlines() for each in (function, changed))
        was, now = difference(before, after)
        if was == now or unguarded(was) == unguarded(now):
            continue
        source = textwrap.dedent("\n".join(after).strip("\n"))
        if owner:
            source = f"class {owner}:\n{textwrap.indent(source, '    ')}"
        place = positions[mutation.original_node]
        span = smallest(spans, place.start.line, place.end.line)
        name = f"{owner}.{function.name.value}" if owner else function.name.value
        words = function.returns and module.code_for_node(function.returns.annotation)
        settings_alone = function.name.value in ABOUT_SETTINGS or words in ("Said", "Term")
        yield Mutant(
            file, name, was, now, f"from __future__ import annotations\n{source}\n", span, settings_alone
        )


def functions_of(module: cst.Module) -> Iterator[tuple[str, cst.FunctionDef]]:
    """Functions and methods, with the name of their class."""
    for node in module.body:
        if isinstance(node, cst.FunctionDef):
            yield "", node
        elif isinstance(node, cst.ClassDef):
            yield from (
                (node.name.value, each) for each in node.body.body if isinstance(each, cst.FunctionDef)
            )


def difference(before: list[str], after: list[str]) -> tuple[str, str]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    was: list[str] = []
    now: list[str] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            was += before[a:b]
            now += after[c:d]
    return " ".join(line.strip() for line in was), " ".join(line.strip() for line in now)


def unguarded(line: str) -> str:
    return re.sub(r",\s*\)", ")", GUARD.sub("", line))


def statement_spans(text: str) -> list[tuple[int, int]]:
    """First and last line of every statement; of one with a body, its head and the whole."""
    spans: list[tuple[int, int]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            if body and not isinstance(node, ast.FunctionDef):  # whose defaults count for all of it
                spans.append((node.lineno, max(node.lineno, body[0].lineno - 1)))
            spans.append((node.lineno, node.end_lineno or node.lineno))
    return spans


def smallest(spans: Iterable[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    around = [span for span in spans if span[0] <= first and last <= span[1]]
    return min(around, key=lambda span: span[1] - span[0], default=(first, last))


def about_reading(mutant: Mutant) -> bool:
    return mutant.about_settings or Path(mutant.file).stem in READING
