"""Three machines, each with PostgreSQL, Patroni and etcd: real, in a temporary folder, gone afterwards.

The settings are those of docs/operate/failover.md. `./dev faults` installs `patroni` and `etcd-server`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import httpx
import msgspec

from tests.sync.postgres import program

NODES = 3
DATABASE = "stempel"
SETTLE_S = 180.0
"""Seconds after which a cluster that is not whole again is a failure."""


class Urls(NamedTuple):
    """Where a member of etcd is found by its clients and by the other members."""

    client: str
    peer: str


class Node:
    """One PostgreSQL server, the Patroni that looks after it, and a third of the etcd they agree through."""

    def __init__(self, name: str, folder: Path, etcd_urls: dict[str, Urls], *, synchronous: bool) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(mode=0o700)
        self.port, self.api_port = free_ports(2)
        self.etcd_url = etcd_urls[name].client
        self._etcd_urls = etcd_urls
        self._etcd: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = self.folder / "patroni.yml"
        self._settings.write_bytes(msgspec.yaml.encode(self._configured(synchronous)))

    def _configured(self, synchronous: bool) -> dict[str, Any]:
        trust = ["local all all trust", "host all all 127.0.0.1/32 trust"]
        trust.append("host replication all 127.0.0.1/32 trust")
        return {
            "scope": "stempel",
            "name": self.name,
            "restapi": {
                "listen": f"127.0.0.1:{self.api_port}",
                "connect_address": f"127.0.0.1:{self.api_port}",
            },
            "etcd3": {"hosts": [urls.client.removeprefix("http://") for urls in self._etcd_urls.values()]},
            "bootstrap": {
                "dcs": {
                    "ttl": 20,
                    "loop_wait": 3,
                    "retry_timeout": 3,
                    "synchronous_mode": synchronous,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "use_slots": True,
                        "parameters": {"max_connections": 100, "wal_keep_size": "256MB"},
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
                "pg_hba": trust,
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.data),
                "bin_dir": str(Path(program("pg_controldata")).parent),
                "pgpass": str(self.folder / "pgpass"),
                "pg_hba": trust,
                "parameters": {"unix_socket_directories": str(self.folder)},
                "authentication": {
                    "superuser": {"username": "postgres", "password": "not-asked-for"},
                    "replication": {"username": "replicator", "password": "not-asked-for"},
                    "rewind": {"username": "postgres", "password": "not-asked-for"},
                },
            },
        }

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start_etcd(self) -> None:
        ours = self._etcd_urls[self.name]
        peers = ",".join(f"{name}={urls.peer}" for name, urls in self._etcd_urls.items())
        command = [
            shutil.which("etcd") or "etcd", "--name", self.name, "--data-dir", str(self.folder / "etcd"),
            "--listen-client-urls", ours.client, "--advertise-client-urls", ours.client,
            "--listen-peer-urls", ours.peer, "--initial-advertise-peer-urls", ours.peer,
            "--initial-cluster", peers, "--heartbeat-interval", "250", "--election-timeout", "2500",
        ]  # fmt: skip
        with (self.folder / "etcd.log").open("ab") as log:
            self._etcd = _as_postgres(command, log, self.folder)

    def start(self) -> None:
        """The machine is there again: etcd, Patroni, and with it PostgreSQL."""
        if self._etcd is None or self._etcd.poll() is not None:
            self.start_etcd()
        with (self.folder / "log").open("ab") as log:
            self._process = _as_postgres([_patroni(), str(self._settings)], log, self.folder)

    def kill(self) -> None:
        """SIGKILL for etcd, Patroni and every process of PostgreSQL, as if the machine had lost its power."""
        for process in (self._etcd, self._process):
            if process is not None:
                process.kill()
                process.wait()
        with contextlib.suppress(FileNotFoundError, ValueError):
            postmaster = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            for pid in (postmaster, *_children(postmaster)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def said(self) -> dict[str, Any]:
        """What Patroni says about this server; empty while it does not answer."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.api_port}/patroni", timeout=5).json()
        except (httpx.HTTPError, ValueError):
            return {}


class Cluster:
    """A leader and two replicas."""

    def __init__(self, folder: Path, *, synchronous: bool) -> None:
        self._folder = folder
        self._synchronous = synchronous
        names = [f"node{number}" for number in range(1, NODES + 1)]
        ports = free_ports(2 * NODES)
        urls = {
            name: Urls(f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}")
            for name, client, peer in zip(names, ports[:NODES], ports[NODES:], strict=True)
        }
        self.nodes = [Node(name, folder, urls, synchronous=synchronous) for name in names]

    @property
    def dsn(self) -> str:
        """The connection string with all hosts, as a server of Stempel is given it."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://postgres@{hosts}/{DATABASE}?target_session_attrs=read-write"

    def start(self) -> None:
        """Start all; returns once there is a leader, two replicas, and the database."""
        for node in self.nodes:
            node.start_etcd()
        for node in self.nodes:
            until(lambda node=node: _answers(f"{node.etcd_url}/health"), "etcd does not answer")
            node.start()
        self.until_whole()
        createdb = [program("createdb"), "-h", "127.0.0.1", "-p", str(self.leader.port), "-U", "postgres"]
        subprocess.run([*createdb, DATABASE], check=True)

    @property
    def leader(self) -> Node:
        """The node that holds the lock and takes writes. LookupError while there is none."""
        for node in self.nodes:
            said = node.said()
            if said.get("role") in ("master", "primary") and said.get("state") == "running":
                return node
        raise LookupError("no node is the leader")

    def has_other_leader(self, than: Node) -> bool:
        try:
            return self.leader is not than
        except LookupError:
            return False

    def until_whole(self) -> None:
        """Wait until every replica streams, and one of them is synchronous if that is asked for."""
        until(self._whole, "the cluster is not whole")

    def _whole(self) -> bool:
        try:
            replicas = self.leader.said().get("replication", [])
        except LookupError:
            return False
        streaming = [row for row in replicas if row["state"] == "streaming"]
        waited_for = any(row["sync_state"] in ("sync", "quorum") for row in streaming)
        return len(streaming) == NODES - 1 and (waited_for or not self._synchronous)

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()

    def logs(self) -> str:
        """The ends of all logs, for a failure's message."""
        files = sorted(self._folder.rglob("*log"))
        return "\n".join(f"--- {file}\n{file.read_text(errors='replace')[-3000:]}" for file in files)


@contextlib.contextmanager
def cluster(*, synchronous: bool) -> Iterator[Cluster]:
    """A cluster that is whole and has the (empty) database."""
    folder = Path(tempfile.mkdtemp(prefix="stempel-patroni-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    # What PostgreSQL reads must be its own.
    made = Cluster(folder, synchronous=synchronous)
    for file in (folder, *folder.rglob("*")):
        if os.geteuid() == 0:
            shutil.chown(file, "postgres")
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def until(true: Callable[[], bool], failure: str, deadline_s: float = SETTLE_S) -> float:
    """Wait until it is so; returns the seconds that took. AssertionError after the deadline."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < deadline_s, failure
        time.sleep(0.1)
    return time.monotonic() - begun


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _patroni() -> str:
    found = shutil.which("patroni")
    if found is None:
        raise RuntimeError("patroni is not installed: ./dev faults installs it")
    return found


def _as_postgres(command: list[str], log: IO[bytes], folder: Path) -> subprocess.Popen[bytes]:
    """Start a program as a user that PostgreSQL accepts: it refuses to run as root."""
    # Debian's Patroni runs on Debian's Python; ours must not reach it through the environment.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_"))}
    user = "postgres" if os.geteuid() == 0 else None
    return subprocess.Popen(
        command, stdout=log, stderr=log, cwd=folder, env=kept,
        user=user, group=user, extra_groups=() if user else None,
    )  # fmt: skip


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rsplit(") ", 1)[1].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
