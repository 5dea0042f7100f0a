"""A till killed in its enrolment, for real: its one-time code is good for it all the same.

Every step is in tests/faults/test_enrolment.py; here the one that used to spend the code.
"""

from __future__ import annotations

from pathlib import Path

from tests.sync import till_process
from tests.sync.process import ServerProcess
from tests.sync.test_processes import read_all


def test_a_till_killed_with_the_answer_in_its_hands_enrols_with_the_same_code(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    server = ServerProcess(tmp_path / "server")
    try:
        code, till = server.first_run["enrol_code"], tmp_path / "till"
        assert till_process.run(till, server.url, code, "before_reply", sales=2) is None
        assert till_process.run(till, server.url, code, sales=1) == 1
        assert len(read_all(server)) == 3
    finally:
        server.kill()
