"""Where the server may post to: https anywhere public, and never where only it can reach. Started so, it may
post into private networks, too, and by http on its own machine.

Names are resolved here and the connection is made to the address that was checked, so that a name cannot
point elsewhere a moment later. Redirects are not followed.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from sync.server.tills import Refused

TIMEOUT_S: Final = 10.0
"""For each step: the connection, a part of the body, a part of the answer."""
WHOLE_S: Final = 30.0
"""For all of it: whoever drips its answer would keep the other webhooks waiting. Shorter than their lease."""
WAIT_MAX_S: Final = 86_400
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses for networks that have IPv6 alone (RFC 6052)."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Forbidden(Exception):
    """A place that is not posted to."""


def check_url(url: str, *, private: bool = False) -> None:
    """Raises Refused(422) for a URL that no delivery will ever be let to."""
    try:
        host = _checked(url, private=private).hostname or ""
        if not private and _is_address(host):
            _check_address(host)
    except Forbidden as error:
        raise Refused(422, "bad_url", str(error)) from error


def _checked(url: str, *, private: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise Forbidden(f"not a URL: {error}") from error
    if not host or parts.username or parts.password or parts.fragment or not url.isascii() or port == 0:
        raise Forbidden("a webhook's URL is https://host/path, without a user and a fragment")
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        raise Forbidden("a webhook's URL has no spaces")
    here = private and parts.scheme == "http" and host in _LOOPBACK
    if parts.scheme != "https" and not here:
        raise Forbidden(
            "a webhook's URL begins with https://; http:// is for the server's own machine, which "
            "`stempel server --private-webhooks` lets it post to"
        )
    return parts


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _check_address(address: str) -> None:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        within = found in _NAT64 and ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        found = found.ipv4_mapped or found.sixtofour or within or found
    if not found.is_global or found.is_multicast:
        raise Forbidden(f"{address} is in a private network: `stempel server --private-webhooks` lets it")


def resolve(url: str, *, private: bool = False) -> tuple[str, str]:
    """A URL with the address to connect to, and the name to ask for there. Raises Forbidden, OSError."""
    parts = _checked(url, private=private)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not private:
        for address in addresses:
            _check_address(address)
    chosen = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    return parts._replace(netloc=f"{chosen}:{port}").geturl(), host


class Poster:
    """Posts to webhooks. `private` lets it into private networks."""

    def __init__(
        self, *, private: bool = False, timeout_s: float = TIMEOUT_S, whole_s: float = WHOLE_S
    ) -> None:
        self._private = private
        self._timeout_s = timeout_s
        self._whole_s = whole_s

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[str, int]:
        """("", 0) for an answer of 2xx; else what was wrong, and the seconds that were asked to wait."""
        client = httpx.Client(timeout=self._timeout_s, follow_redirects=False, trust_env=False)
        try:
            place, host = resolve(url, private=self._private)
            asked = {**headers, "Host": urlsplit(url).netloc}
            with (
                client,
                _closed_after(self._whole_s, client),
                client.stream(
                    "POST", place, content=body, headers=asked, extensions={"sni_hostname": host}
                ) as answer,
            ):  # what it answers is not read: only its status counts
                if answer.is_success:
                    return "", 0
                return f"{answer.status_code} {answer.reason_phrase}", _wait_s(answer)
        # The last two are of redirects: httpx reads where they lead even if it does not go there.
        except (Forbidden, OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return f"{type(error).__name__}: {error}", 0


@contextlib.contextmanager
def _closed_after(seconds: float, client: httpx.Client) -> Iterator[None]:
    """A client whose connection ends then, whatever is under way on it. Raises httpx.ReadTimeout."""
    late = threading.Event()

    def close() -> None:
        late.set()
        client.close()

    timer = threading.Timer(seconds, close)
    timer.daemon = True
    timer.start()
    try:
        yield
    except httpx.HTTPError as error:
        if late.is_set():
            raise httpx.ReadTimeout(f"it takes longer than {seconds:g} s in all") from error
        raise
    finally:
        timer.cancel()


def _wait_s(answer: httpx.Response) -> int:
    asked = answer.headers.get("Retry-After", "")
    return min(int(asked), WAIT_MAX_S) if asked.isdecimal() and len(asked) < 9 else 0
