"""The server's log: JSON by the line, with traces that tell where and never what was in a variable."""

from __future__ import annotations

import json

import pytest
import structlog

from sync.server.tracing import log_as_json


def test_a_trace_in_the_log_holds_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    def failing(password: str) -> None:
        raise ConnectionError(f"no answer, {len(password)} letters")

    log_as_json()
    try:
        failing("hunter2-hunter2")
    except ConnectionError as error:
        structlog.get_logger("stempel.server").error("fold", exc_info=error)
    finally:
        structlog.reset_defaults()
    line = capsys.readouterr().err
    assert "hunter2" not in line
    said = json.loads(line)
    assert (said["event"], said["level"]) == ("fold", "error")
    assert said["exception"][0]["exc_value"] == "no answer, 15 letters"
    assert [frame["name"] for frame in said["exception"][0]["frames"]][-1] == "failing"
