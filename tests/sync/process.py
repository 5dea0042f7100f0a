"""The real server in a process of its own, on a real port."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_START = """
import sys
from pathlib import Path
from sync.server.serve import serve
serve(port=int(sys.argv[1]), data_dir=Path(sys.argv[2]), database_url=sys.argv[3] or None,
      ready_file=Path(sys.argv[2]) / "ready.json")
"""


class ServerProcess:
    """Start, kill and start again on the same data and port."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.first_run: dict[str, str] = {}
        self.database_url = database_url
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, deadline_s: float = 90.0) -> None:
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        arguments = [sys.executable, "-c", _START, str(self._port), str(self.folder), self.database_url]
        log = self.folder / "server.log"
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(arguments, stderr=stderr)
        until = time.monotonic() + deadline_s
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                self.process.kill()
                raise AssertionError(f"the server did not start: {log.read_text()}")
            time.sleep(0.02)
        said: dict[str, Any] = json.loads(ready.read_text())
        self._port = said["port"]
        self.first_run = said["first_run"] or self.first_run

    def behind(self) -> set[int]:
        """The process behind the requests, if there is one: its id."""
        # A thread of the server started it, and is what the kernel lists it under.
        lists = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        found = {int(child) for one in lists for child in one.read_text().split()}
        return {child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()}

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code of the graceful stop."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        return self.process.returncode
