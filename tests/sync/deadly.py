"""A server that dies between a commit and its answer, again and again.

    python -m tests.sync.deadly FOLDER DATABASE_URL

For each line on standard input, `PORT ANSWERS`, a server is forked that answers so many POST requests and, in
place of the next answer, kills itself (SIGKILL): what that request changed is committed, and whoever asked
never hears of it. It says {"died": "the request's path"}. All are forked from a process that has imported
everything and served nothing: a life costs tenths of a second.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from app.lanes import RealWorld

FOR_EVER: Final = 10**9


class Deadly:
    """The test's end: one life after the other on the same data and port."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.first_run: dict[str, str] = {}
        self._port = 0
        command = [sys.executable, "-m", "tests.sync.deadly", str(folder), database_url]
        with (folder / "server.log").open("ab") as log:
            self._nursery = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def live(self, answers: int = FOR_EVER, deadline_s: float = 90.0) -> None:
        """Begin a life that gives so many answers."""
        ready, until = self.folder / "ready.json", time.monotonic() + deadline_s
        ready.unlink(missing_ok=True)
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(f"{self._port} {answers}\n".encode())
        self._nursery.stdin.flush()
        while not ready.exists():
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.01)
        said: dict[str, Any] = json.loads(ready.read_text())
        self._port = said["port"]
        self.first_run = said["first_run"] or self.first_run

    @property
    def dead(self) -> bool:
        """Whether this life has ended."""
        return (self.folder / "dead").exists()

    def died(self) -> str:
        """The path of the request that was not answered."""
        assert self._nursery.stdout is not None
        (self.folder / "dead").unlink()
        return json.loads(self._nursery.stdout.readline())["died"]

    def end(self) -> None:
        """No more lives."""
        os.killpg(self._nursery.pid, signal.SIGKILL)
        self._nursery.wait()


class Dying:
    """ASGI middleware around the whole application."""

    def __init__(self, app: Any, answers: int, told: int) -> None:
        self._app = app
        self._left = answers
        self._told = told

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._left -= 1
                if self._left < 0:
                    os.write(self._told, scope["path"].encode())
                    os.kill(os.getpid(), signal.SIGKILL)
            await send(message)

        changes = scope["type"] == "http" and scope["method"] == "POST"
        await self._app(scope, receive, answer if changes else send)


def _nursery(folder: Path, database_url: str | None) -> None:
    import granian.server.embed  # noqa: F401
    import psycopg  # noqa: F401

    from sync.server import api, serve
    from sync.server.background import Lanes
    from sync.server.context import Context, Inline
    from sync.server.database import Database
    from sync.server.tills import load_secrets

    empty = Database.sqlite(None)
    empty.migrate()
    # Its making would take most of a life; it keeps nothing but the context.
    app = api.create_app(Context(empty, load_secrets(empty), RealWorld(), Inline()))
    # Beside PostgreSQL the lanes would be in a process of their own, whose start would take the rest.
    serve._behind = lambda context, *_: Lanes(context)  # type: ignore[assignment]

    def life(port: int, answers: int, told: int) -> None:
        def made(context: Context) -> Any:
            app.state["context"] = context
            return Dying(app, answers, told)

        api.create_app = made
        serve.serve(port=port, data_dir=folder, database_url=database_url, ready_file=folder / "ready.json")

    for line in sys.stdin:
        port, answers = map(int, line.split())
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                life(port, answers, write)
            finally:
                os._exit(1)
        os.close(write)
        with os.fdopen(read) as pipe:
            path = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        (folder / "dead").touch()
        print(json.dumps({"died": path if status == -signal.SIGKILL else f"status {status}"}), flush=True)


if __name__ == "__main__":
    _nursery(Path(sys.argv[1]), sys.argv[2] or None)
