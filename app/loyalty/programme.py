"""Loading a programme file: all of it or none, with every problem named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from app.loyalty.compiled import stages_by_group
from app.loyalty.model import Audience, Goods, Programme, Rule
from app.loyalty.reading import BAD, Reader, fields_of, text_at
from app.loyalty.rules import KINDS
from app.loyalty.rules.promo_code import PromoCodeRule, owners, taken_codes
from app.loyalty.rules.tier import TierRule
from app.loyalty.unused import unused_of_any_kind, unused_of_programme
from app.loyalty.yamltree import SIZE_MAX_BYTES, Node, Problem, TreeProblem, parse_tree
from app.values import ValueProblem

RULES_MAX = 5_000
START = "start from resources/programmes/demo.yaml"


class ProgrammeProblems(Exception):
    """A programme file that cannot be used; `problems` names everything wrong with it, by line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.line, p.path, p.reason))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load_programme(source: bytes | Path) -> Programme:
    """The programme in a file or its bytes. Raises ProgrammeProblems; OSError where a file cannot be read."""
    try:
        tree, problems = parse_tree(_bytes(source))
    except TreeProblem as error:
        raise ProgrammeProblems([error.problem]) from None
    programme = _read(tree, problems)
    if problems or programme is None:
        raise ProgrammeProblems(problems)
    return programme


def check(path: Path) -> list[Problem]:
    """Every problem of a file, in the order of its lines; empty where it can be used."""
    try:
        load_programme(path)
    except ProgrammeProblems as error:
        return error.problems
    return []


def _bytes(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source
    with source.open("rb") as file:
        return file.read(SIZE_MAX_BYTES + 1)


def _read(tree: Node, problems: list[Problem]) -> Programme | None:
    if tree.entries is None:
        problems.append(Problem(tree.line, "", f"a programme is a mapping, not {tree.kind}", START))
        return None
    try:
        reader = Reader(text_at(tree, "currency") or "EUR")
    except ValueProblem:
        reader = Reader("EUR")  # the field itself is reported where it stands
    rules, complete = _rules(reader, tree)
    head = Node(tree.line, entries={k: v for k, v in tree.entries.items() if k != "rules"})
    head.entries = {**(head.entries or {}), "rules": Node(tree.line, items=[])}
    programme = reader.read(Programme, head)
    problems += reader.problems
    if programme is BAD:
        return None
    programme = msgspec.structs.replace(programme, rules=tuple(rules))
    problems += _whole(programme, tree, complete)
    return programme


def _rules(reader: Reader, tree: Node) -> tuple[list[Rule], bool]:
    """The rules that could be read, and whether those are all."""
    node = (tree.entries or {}).get("rules")
    if node is None or not node.items:
        reader.problem(
            node or tree, "'rules' must be a list with at least one rule", "write rules: and lines of - id: …"
        )
        return [], False
    if len(node.items) > RULES_MAX:
        reader.problem(node, f"more than {RULES_MAX} rules", "split it, or name goods by category")
        return [], False
    rules = [_rule(reader, item) for item in node.items]
    good = [rule for rule in rules if isinstance(rule, Rule)]
    return good, len(good) == len(rules)


def _rule(reader: Reader, node: Node) -> Any:
    if node.entries is None:
        return reader.problem(node, f"a rule is a mapping, not {node.kind}", "begin it with - id: and kind:")
    kind = node.entries.get("kind")
    if kind is None:
        return reader.problem(node, "'kind' is missing", f"one of: {', '.join(KINDS)}")
    if kind.text is None or kind.text not in KINDS:
        return reader.problem(kind, f"there is no kind {kind.kind}", f"one of: {', '.join(KINDS)}")
    return reader.struct(KINDS[kind.text].settings, node)


def _whole(programme: Programme, tree: Node, complete: bool) -> Iterator[Problem]:
    """Problems between parts of the file: names that must exist, or must not exist twice."""
    yield from _tree_problems(programme, tree)
    for field, reason, hint in unused_of_programme(programme):
        place = _at(tree, field)
        yield Problem(place.line, field, reason, hint)
    nodes = _nodes_by_id(tree)
    seen: set[str] = set()
    sound = complete
    named = _Named(programme.rules) if complete else None
    for rule in programme.rules:
        node = nodes[rule.id]
        if rule.id in seen:
            yield Problem(node.line, node.path, f"the id {rule.id!r} is used twice", "ids are for ever")
        seen.add(rule.id)
        for field, reason, hint in _rule_problems(rule, programme, named):
            sound = False
            place = _at(node, field)
            yield Problem(place.line, f"{node.path}.{field}" if field else node.path, reason, hint)
    if sound:
        # Groups follow from what the rules compile to, and a rule with a problem may not compile.
        yield from _group_problems(programme, tree)


def _nodes_by_id(tree: Node) -> dict[str, Node]:
    rules = (tree.entries or {}).get("rules")
    items = (rules.items if rules else None) or []
    return {text_at(item, "id"): item for item in items}


def _at(node: Node, field: str) -> Node:
    """The deepest node on the way to a field, for the line number."""
    for part in field.replace("[", ".").replace("]", "").split("."):
        if node.entries is not None and part in node.entries:
            node = node.entries[part]
        elif node.items is not None and part.isdigit() and int(part) < len(node.items):
            node = node.items[int(part)]
        else:
            break
    return node


def _tree_problems(programme: Programme, tree: Node) -> Iterator[Problem]:
    categories = programme.categories
    node = (tree.entries or {}).get("categories") or tree
    for name, category in categories.items():
        place = _at(node, name)
        if category.parent and category.parent not in categories:
            yield Problem(place.line, place.path, f"there is no category {category.parent!r}", "add it")
        chain = [name]
        while (parent := categories[chain[-1]].parent) in categories and parent not in chain:
            chain.append(parent)
        if parent == name:
            way = " > ".join([*chain, name])
            yield Problem(place.line, place.path, f"the category is above itself: {way}", "break the circle")


class _Named:
    """What rules may name of one another, gathered once: a file may have thousands of rules."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = list(rules)
        self.levels = {level.id for r in rules if isinstance(r, TierRule) for level in r.levels}
        self.ids = {rule.id for rule in rules}
        self.held = {rule.id for rule in rules if rule.grants()}
        self.levels_known = _known("levels here", self.levels)
        self.ids_known = _known("rules here", self.ids)
        self.held_known = _known("rules here that do", self.held)
        self.codes = owners(rule for rule in rules if isinstance(rule, PromoCodeRule))


def _rule_problems(rule: Rule, programme: Programme, named: _Named | None) -> Iterator[tuple[str, str, str]]:
    for path, goods in _filters(rule, ""):
        for name in goods.categories:
            if programme.categories and name not in programme.categories:
                yield f"{path}.categories", f"there is no category {name!r}", "add it under categories"
    when = rule.when
    if when.from_ and when.until and when.until < when.from_:
        yield "when.until", "it ends before it begins", "until is the last day on which the rule holds"
    if rule.budget and (rule.budget.new_members or 0) > rule.budget.total:
        yield "budget.new_members", "the part is more than the total", "lower new_members or raise total"
    if named is not None:
        yield from _audience_problems(rule.audience, named)
        yield from unused_of_any_kind(rule)
        if isinstance(rule, PromoCodeRule):
            yield from taken_codes(rule, named.codes)
        extra = KINDS[rule.kind].check
        if extra is not None:
            yield from extra(rule, programme)


def _audience_problems(audience: Audience, named: _Named) -> Iterator[tuple[str, str, str]]:
    for level in audience.tiers:
        if level not in named.levels:
            yield "audience.tiers", f"no tier rule has a level {level!r}", named.levels_known
    for vip in audience.vip:
        if vip not in named.ids:
            yield "audience.vip", f"there is no rule {vip!r}", named.ids_known
        elif vip not in named.held:
            reason = f"the rule {vip!r} gives nothing that anyone could hold"
            yield "audience.vip", reason, named.held_known
    personal = audience.tiers or audience.vip or audience.segments or audience.birthday
    if audience.who == "guests" and personal:
        yield "audience.who", "guests have no tier, status, segment or birthday", "use members"


def _known(what: str, names: Iterable[str]) -> str:
    return f"{what}: {', '.join(sorted(names)) or 'none'}"


def _filters(value: Any, path: str) -> Iterator[tuple[str, Goods]]:
    """Every goods filter inside a rule, with its path."""
    if isinstance(value, Goods):
        yield path, value
    if isinstance(value, msgspec.Struct):
        for key, field in fields_of(type(value)).items():
            yield from _filters(getattr(value, field.name), f"{path}.{key}" if path else key)
    elif isinstance(value, tuple):
        for number, item in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            yield from _filters(item, f"{path}[{number}]")


def _group_problems(programme: Programme, tree: Node) -> Iterator[Problem]:
    stages = stages_by_group(programme)
    nodes = _nodes_by_id(tree)
    for name, rules in stages.items():
        kinds = {stage for _, stage in rules}
        if len(kinds) > 1:
            node = nodes[rules[-1][0]]
            reason = f"the group {name!r} mixes rules over lines and rules over the whole receipt"
            yield Problem(node.line, f"{node.path}.group", reason, "give them groups of their own")
    for number, name in enumerate(programme.groups):
        if name not in stages:
            place = _at(tree, f"groups[{number}]")
            known = f"groups here: {', '.join(stages)}"
            yield Problem(place.line, place.path, f"no rule is in the group {name!r}", known)
