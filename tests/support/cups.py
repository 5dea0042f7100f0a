"""A real CUPS print server of the test's own, in a folder of its own, on a socket of its own.

Its queue "till" leads to a network printer. The queue "faulty" has a driver that reports what its address
says and stops, as a printer's own driver does that finds no paper.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DAEMON = shutil.which("cupsd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_DRIVERS = Path("/usr/lib/cups")
_FAULTY = """#!/bin/sh
[ $# -eq 0 ] && exit 0
echo "STATE: +${DEVICE_URI#faulty:}" >&2
exit 4
"""
_CONF = """Listen {home}/cups.sock
LogLevel warn
WebInterface No
Browsing Off
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""
_FILES = """ServerRoot {home}/etc
ServerBin {home}/lib
CacheDir {home}/cache
StateDir {home}/state
RequestRoot {home}/spool
TempDir {home}/tmp
AccessLog {home}/access
ErrorLog {home}/error
PageLog {home}/page
"""
_PRINTER = """<Printer {name}>
DeviceURI {uri}
State Idle
Accepting Yes
ErrorPolicy retry-job
</Printer>
"""


class Cups:
    """`server` is what CUPS_SERVER would be."""

    def __init__(self, home: Path, printer_address: str) -> None:
        self._home = home
        self.server = str(home / "cups.sock")
        for name in ("etc", "cache", "state", "spool", "tmp", "lib/backend"):
            (home / name).mkdir(parents=True)
        for folder in ("daemon", "notifier", "filter", "monitor"):
            if (_DRIVERS / folder).exists():
                (home / "lib" / folder).symlink_to(_DRIVERS / folder)
        shutil.copy(_DRIVERS / "backend" / "socket", home / "lib/backend/socket")
        (home / "lib/backend/faulty").write_text(_FAULTY)
        (home / "lib/backend/faulty").chmod(0o755)
        (home / "etc/cupsd.conf").write_text(_CONF.format(home=home))
        (home / "etc/cups-files.conf").write_text(_FILES.format(home=home))
        till = printer_address.replace("tcp://", "socket://")
        uris = {"till": till, "faulty": "faulty:media-empty-error"}
        queues = (_PRINTER.format(name=name, uri=uri) for name, uri in uris.items())
        (home / "etc/printers.conf").write_text("".join(queues))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert DAEMON is not None
        etc = self._home / "etc"
        command = [DAEMON, "-f", "-c", str(etc / "cupsd.conf"), "-s", str(etc / "cups-files.conf")]
        with (self._home / "out").open("wb") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out)
        deadline_s = time.monotonic() + 60
        while not Path(self.server).exists() and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert Path(self.server).exists(), (self._home / "error").read_text()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def command(self, *words: str) -> str:
        """One of CUPS's own commands, such as cupsdisable."""
        environment = {**os.environ, "CUPS_SERVER": self.server, "LC_ALL": "C"}
        path = f"{os.environ.get('PATH', '')}:/usr/sbin"
        found = shutil.which(words[0], path=path) or words[0]
        done = subprocess.run([found, *words[1:]], env=environment, capture_output=True, text=True)
        return done.stdout + done.stderr


@contextmanager
def cups(printer_address: str) -> Iterator[Cups]:
    """A print server for the length of a test."""
    if DAEMON is None:
        pytest.skip("no cupsd here: ./dev test installs the package cups")
    # Its drivers run as another user, who must get in; pytest's own folders are closed to others.
    home = Path(tempfile.mkdtemp(prefix="stempel-cups-"))
    home.chmod(0o755)
    server = Cups(home, printer_address)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
