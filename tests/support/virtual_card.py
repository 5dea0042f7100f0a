"""A virtual NTAG213 (or a Type 4 card) for vpcd: real enough that pcscd and the reader service cannot tell.

vpcd's card is a TCP client: connecting inserts the card, closing removes it. Frames are a 2-byte big-endian
length and a payload; a 1-byte payload is control (0 off, 1 on, 2 reset, 4 asks for the ATR).
Sources: vsmartcard's manual (frames), PC/SC part 3 (ATR, FF CA, FF B0), NXP NTAG213/215/216 rev 3.2
(memory, GET_VERSION), NFC Forum Type 2 Tag 1.2 (capability container, TLV).
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import ndef
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

Answer = Callable[[bytes], bytes]
"""An APDU in, the whole answer with its status word out."""

OK = b"\x90\x00"
NOT_SUPPORTED = b"\x6a\x81"
NTAG_VERSIONS = {"ntag213": (0x0F, 0x12, 36), "ntag215": (0x11, 0x3E, 126), "ntag216": (0x13, 0x6D, 222)}
"""Name: storage size byte of GET_VERSION, size byte of the capability container, user pages."""


def storage_atr(name: int, standard: int = 0x03) -> bytes:
    """The ATR a reader makes up for a contactless storage card (PC/SC part 3, 3.1.3.2.3.1)."""
    head = bytes.fromhex("3B8F8001804F0CA000000306") + bytes([standard]) + name.to_bytes(2, "big") + bytes(4)
    check = 0
    for byte in head[1:]:
        check ^= byte
    return head + bytes([check])


def message_of(*records: ndef.Record) -> bytes:
    """An NDEF message of these records."""
    return b"".join(part for part in ndef.message_encoder(records) if isinstance(part, bytes))


def member_message(record: str) -> bytes:
    """The NDEF message of a member record: one text record, or one URI record for what looks like one."""
    return message_of(ndef.UriRecord(record) if "://" in record else ndef.TextRecord(record, "en"))


def tlv(message: bytes) -> bytes:
    """An NDEF message TLV followed by the terminator."""
    size = bytes([len(message)]) if len(message) < 255 else b"\xff" + len(message).to_bytes(2, "big")
    return b"\x03" + size + message + b"\xfe"


@dataclass
class Ntag:
    """The memory and commands of an NTAG21x behind a PC/SC reader. `area` is the user memory from page 4."""

    uid: bytes
    area: bytes = b""
    kind: str = "ntag213"
    version_wrap: str | None = "pn53x"
    """Which pass-through the pretended reader offers for GET_VERSION: pn53x, transparent or None."""
    atr: bytes = field(default_factory=lambda: storage_atr(0x0003))
    access: int = 0x00
    """Last byte of the capability container: 0F is locked against writing."""

    @property
    def memory(self) -> bytes:
        _, size, pages = NTAG_VERSIONS[self.kind]
        head = (
            self.uid[:3]
            + b"\x88"
            + self.uid[3:]
            + b"\x00\x48\x00\x00"
            + bytes([0xE1, 0x10, size, self.access])
        )
        return head + self.area.ljust(pages * 4, b"\0")

    def answer(self, apdu: bytes) -> bytes:
        if apdu[:4] == b"\xff\xca\x00\x00":
            return self.uid + OK
        if apdu[:2] == b"\xff\xb0":
            return self._read(int.from_bytes(apdu[2:4], "big"), apdu[4])
        if apdu[:2] == b"\xff\xd6":
            return self._write(int.from_bytes(apdu[2:4], "big"), apdu[5 : 5 + apdu[4]])
        if self.version_wrap == "pn53x" and apdu[:4] == b"\xff\x00\x00\x00" and apdu[5:7] == b"\xd4\x42":
            answer = self.native(apdu[7 : 5 + apdu[4]])
            return (b"\xd5\x43\x01" if answer is None else b"\xd5\x43\x00" + answer) + OK
        if self.version_wrap == "transparent" and apdu[:4] == b"\xff\xc2\x00\x01" and apdu[5] == 0x95:
            answer = self.native(apdu[7 : 7 + apdu[6]])
            if answer is None:
                return bytes.fromhex("C003016401") + OK
            return bytes.fromhex("C003009000") + b"\x97" + bytes([len(answer)]) + answer + OK
        if self.version_wrap == "transparent" and apdu[:4] == b"\xff\xc2\x00\x00":
            return bytes.fromhex("C003009000") + OK
        return NOT_SUPPORTED

    def native(self, command: bytes) -> bytes | None:
        """The card's own answer to a command of its own; None for one it does not know."""
        if command == b"\x60":
            return bytes([0x00, 0x04, 0x04, 0x02, 0x01, 0x00, NTAG_VERSIONS[self.kind][0], 0x03])
        return None

    def _read(self, page: int, count: int) -> bytes:
        memory = self.memory
        if page * 4 >= len(memory):
            return b"\x63\x00"
        # READ answers four pages and rolls over to page 0 behind the last one (NTAG213 data sheet, 10.2).
        return (memory[page * 4 :] + memory)[:16][: count or 16] + OK

    def _write(self, page: int, data: bytes) -> bytes:
        if self.access or page < 4 or len(data) != 4 or page * 4 >= len(self.memory):
            return b"\x63\x00"
        area = bytearray(self.memory[16:])
        area[(page - 4) * 4 : (page - 4) * 4 + 4] = data
        self.area = bytes(area)
        return OK


@dataclass
class UltralightAes(Ntag):
    """A MIFARE Ultralight AES: it proves the key it holds (MF0AES(H)20, 8.6). `tries` counts the attempts."""

    key: bytes = bytes(16)
    tries: int = 0
    _challenge: bytes = b""

    def native(self, command: bytes) -> bytes | None:
        if command == b"\x60":
            return bytes.fromhex("0004030104000F03")
        if command == b"\x1a\x00":
            self.tries += 1
            self._challenge = os.urandom(16)
            return b"\xaf" + self._cipher().encryptor().update(self._challenge)
        if command[:1] == b"\xaf" and len(command) == 33 and self._challenge:
            plain = self._cipher().decryptor().update(command[1:])
            right = plain[16:] == self._challenge[1:] + self._challenge[:1]
            self._challenge = b""
            ours = plain[1:16] + plain[:1]
            return b"\x00" + self._cipher().encryptor().update(ours) if right else None
        return None

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self.key), modes.CBC(bytes(16)))


def ntag213(uid: str, record: str | None = None) -> Ntag:
    """An NTAG213 of the given UID (7 bytes in hex), holding a member record or nothing."""
    return Ntag(bytes.fromhex(uid), tlv(member_message(record)) if record is not None else b"")


def factory213(uid: str) -> Ntag:
    """An NTAG213 as it leaves the factory: a lock control block and an empty NDEF message."""
    return Ntag(bytes.fromhex(uid), bytes.fromhex("0103A00C340300FE"))


class Chip(Protocol):
    """What a virtual card answers with; `atr` is its answer to reset."""

    atr: bytes

    def answer(self, apdu: bytes) -> bytes: ...


class VirtualCard:
    """A card in a slot of the virtual reader, with the faults a real card shows.

    `before` is called with every APDU before it is answered: it may sleep (slow), wait on `release` (hung),
    call `remove` (torn) or return bytes that are sent instead (bad status word, short answer).
    """

    def __init__(self, chip: Chip, before: Callable[[bytes], bytes | None] | None = None) -> None:
        self.chip = chip
        self.before = before
        self.apdus: list[bytes] = []
        self.release = threading.Event()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def insert(self, port: int) -> VirtualCard:
        """Connect to the slot listening on `port` on this machine. Waits until vpcd has taken the card in."""
        last: OSError | None = None
        for _ in range(200):
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
                break
            except OSError as error:  # pcscd listens only once it has loaded the driver
                last = error
                time.sleep(0.01)
        if self._socket is None:
            raise TimeoutError(f"no virtual reader on port {port}: {last}")
        self._socket.settimeout(None)
        self._thread = threading.Thread(
            target=self._serve, args=(self._socket,), name="virtual-card", daemon=True
        )
        self._thread.start()
        return self

    def remove(self) -> None:
        """Close the connection: the card is gone, in the middle of whatever it was doing."""
        self.release.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # vpcd may have closed first
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)

    def _serve(self, conn: socket.socket) -> None:
        try:
            while True:
                # Length and payload come as two segments: a delayed ACK in between costs 44 ms an APDU.
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                size = int.from_bytes(_exactly(conn, 2), "big")
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                reply = self._reply(_exactly(conn, size))
                if reply is not None:
                    conn.sendall(len(reply).to_bytes(2, "big") + reply)
        except OSError:
            return  # removed, or pcscd is gone

    def _reply(self, frame: bytes) -> bytes | None:
        if len(frame) == 1:
            return self.chip.atr if frame == b"\x04" else None
        self.apdus.append(frame)
        instead = self.before(frame) if self.before is not None else None
        return instead if instead is not None else self.chip.answer(frame)


def _exactly(conn: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = conn.recv(size - len(data))
        if not part:
            raise ConnectionError("the virtual reader hung up")
        data += part
    return data


@dataclass
class Type4:
    """A Type 4 tag (NFC Forum Type 4 Tag 2.0): select by AID and file id, read binary.

    `message` is called at each reading of the NDEF file, as an NTAG 424 DNA makes its SUN afresh.
    """

    uid: bytes
    message: Callable[[], bytes]
    atr: bytes = field(default_factory=lambda: bytes.fromhex("3B8180018080"))
    _file: bytes = b""

    def answer(self, apdu: bytes) -> bytes:
        if apdu[:4] == b"\xff\xca\x00\x00":
            return self.uid + OK
        if apdu[:4] == b"\x00\xa4\x04\x00":
            return OK if apdu[5 : 5 + apdu[4]] == bytes.fromhex("D2760000850101") else b"\x6a\x82"
        if apdu[:4] == b"\x00\xa4\x00\x0c":
            return self._select(apdu[5:7])
        if apdu[:2] == b"\x00\xb0":
            offset = int.from_bytes(apdu[2:4], "big")
            if not self._file or offset > len(self._file):
                return b"\x6b\x00"
            return self._file[offset : offset + (apdu[4] or 256)] + OK
        return b"\x6d\x00"

    def _select(self, file_id: bytes) -> bytes:
        if file_id == b"\xe1\x03":
            self._file = bytes.fromhex("000F20003A00340406E104010000FF")[:15]
        elif file_id == b"\xe1\x04":
            message = self.message()
            self._file = len(message).to_bytes(2, "big") + message
        else:
            return b"\x6a\x82"
        return OK


class Classic:
    """A MIFARE Classic 1K behind a reader's storage commands, with one key for all sectors."""

    atr = storage_atr(0x0001)

    def __init__(self, key: bytes, blocks: dict[int, bytes]) -> None:
        self._key, self._blocks = key, blocks
        self._loaded, self._open = b"", -1

    def answer(self, apdu: bytes) -> bytes:
        if apdu[1] == 0xCA:
            return bytes.fromhex("A1B2C3D4") + OK
        if apdu[1] == 0x82:
            self._loaded = apdu[5:]
            return OK
        if apdu[1] == 0x86:
            self._open = apdu[7] // 4 if self._loaded == self._key and apdu[8] == 0x60 else -1
            return OK if self._open >= 0 else b"\x63\x00"
        block = apdu[3]
        return self._blocks[block].ljust(16, b"\0") + OK if block // 4 == self._open else b"\x69\x82"


class Ntag424(Type4):
    """An NTAG 424 DNA with both keys of one shop: a new SUN message at each reading, its counter one higher.

    After NXP AN12196 rev 2.0, 3.3 (encrypted PICC data) and 3.4.4 (MAC without file content).
    """

    def __init__(self, uid: str, meta_read: bytes, file_read: bytes, counter: int = 0) -> None:
        super().__init__(bytes.fromhex("08112233"), self._sign)  # its random ID, never its UID
        self.counter = counter
        self._true_uid, self._meta_read, self._file_read = bytes.fromhex(uid), meta_read, file_read

    def _sign(self) -> bytes:
        self.counter += 1
        return member_message(self.url(self.counter))

    def url(self, counter: int) -> str:
        """The link as the card makes it at this count."""
        count = counter.to_bytes(3, "little")
        plain = b"\xc7" + self._true_uid + count + os.urandom(5)
        picc = Cipher(algorithms.AES(self._meta_read), modes.CBC(bytes(16))).encryptor().update(plain)
        session = _cmac(self._file_read, bytes.fromhex("3CC300010080") + self._true_uid + count)
        return f"https://example.org/m?picc_data={picc.hex()}&cmac={_cmac(session, b'')[1::2].hex()}"


def _cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()
