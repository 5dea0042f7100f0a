"""The description and the server agree: schemathesis asks every operation by it, and finds no fault."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.sync.rig import Rig, documented
from tests.sync.server.described import Examiner


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_schemathesis_finds_no_fault(rig: Rig) -> None:
    """More of it in tests/faults/test_openapi.py."""
    examiner = Examiner(rig)
    faults = examiner.examine(examples=1, every=6)
    assert not faults, "\n\n".join(f"{name}\n{fault}" for name, fault in faults.items())
    assert examiner.asked > 150


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_each_path_names_all_its_methods(rig: Rig) -> None:
    paths: dict[str, set[str]] = defaultdict(set)
    for method, path in documented(rig.app):
        if "{" not in path:
            paths[path].add(method)
    assert max(map(len, paths.values())) > 1
    credentials = [("Authorization", f"Bearer {rig.token}")]
    for path, methods in paths.items():
        answer = rig.call("OPTIONS", path, headers=credentials)
        if answer.status == 204:  # those of tills want a till's signature
            assert set(answer.headers["allow"].split(", ")) == methods | {"OPTIONS"}, path
