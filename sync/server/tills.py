"""Who may speak to the server: tills by their keys, head office by bearer tokens, newcomers by codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import protocol
from sync.server import keys as till_keys
from sync.server import schema
from sync.server.database import Database

CODE_DAYS: Final = 7
CODE_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for a digit."""
CODE_LENGTH: Final = 16
"""80 bits: guessing is hopeless within a code's days, so codes need no lock-out."""
_CERTIFIES: Final = b"stempel-certificate-1"


_KEY_OF_TILL: Final = (
    sa.select(
        schema.till.c.store,
        schema.till_key.c.public_key,
        sa.func.coalesce(schema.till_key.c.revoked_ms, schema.till.c.revoked_ms).label("revoked_ms"),
    )
    .join(
        schema.till_key,
        (schema.till_key.c.shard == schema.till.c.shard) & (schema.till_key.c.till == schema.till.c.id),
    )
    .where(
        schema.till.c.shard == sa.bindparam("shard"),
        schema.till.c.id == sa.bindparam("till"),
        schema.till_key.c.epoch == sa.bindparam("epoch"),
    )
)


class Refused(Exception):
    """A request that is answered with an error; `status` is HTTP's, `code` the protocol's."""

    def __init__(self, status: int, code: str, detail: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class Till(msgspec.Struct, frozen=True):
    """An authenticated till, speaking for one epoch."""

    id: uuid.UUID
    epoch: int
    store: str


class Office(msgspec.Struct, frozen=True):
    """Authenticated head office, or somebody it gave a token to; `name` is the token's, and says whose
    idempotency keys are whose. No `scopes`: it may do everything."""

    name: str
    scopes: tuple[str, ...] = ()


class Secrets(msgspec.Struct, frozen=True):
    """The server's own keys and the name of its history, made at the first start, kept in the database."""

    certificate_key: bytes
    cursor_key: bytes
    feed_epoch: str
    origin_seed: bytes = b""
    """Names the server's own origins (sync.server.own); `origin_epoch` is theirs."""
    origin_epoch: int = 1


def card_secret(secrets: Secrets) -> bytes:
    """By which cards are looked up in the server's directories of members; 32 bytes."""
    return hmac.digest(secrets.cursor_key, b"stempel-directory-1", "sha256")


class _Certificate(msgspec.Struct, frozen=True):
    till: uuid.UUID
    epoch: int
    store: str
    public_key: bytes


def load_secrets(db: Database) -> Secrets:
    """The server's secrets, made if they are not there."""
    fresh = {
        "certificate_key": secrets.token_bytes(32),
        "cursor_key": secrets.token_bytes(32),
        "feed_epoch": secrets.token_hex(8).encode(),
        "origin_seed": secrets.token_bytes(16),
        "origin_epoch": b"1",
    }
    setting = schema.setting
    with db.write() as connection:
        db.lock_shard(connection, 0)  # of two servers that start at once, one makes them
        known = dict(connection.execute(sa.select(setting.c.name, setting.c.value)).all())
        missing = {name: value for name, value in fresh.items() if name not in known}
        if missing:
            rows = [{"name": name, "value": value} for name, value in missing.items()]
            connection.execute(sa.insert(setting), rows)
    values = {**fresh, **{name: bytes(value) for name, value in known.items()}}
    return Secrets(
        certificate_key=values["certificate_key"],
        cursor_key=values["cursor_key"],
        feed_epoch=values["feed_epoch"].decode(),
        origin_seed=values["origin_seed"],
        origin_epoch=int(values["origin_epoch"]),
    )


def code_hash(code: str) -> bytes:
    """What is stored of a code. Case, spaces, hyphens and the letters O, I, L do not matter."""
    plain = code.upper().translate(str.maketrans("OIL", "011", " -\t\n"))
    return hashlib.sha256(b"stempel-code-1" + plain.encode()).digest()


def token_hash(token: str) -> bytes:
    """What is stored of a bearer token: 32 random bytes need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def certify(key: bytes, certificate: _Certificate) -> str:
    """The server's word for it: base64 of content and signature, joined by a point."""
    data = msgspec.json.encode(certificate)
    signature = Ed25519PrivateKey.from_private_bytes(key).sign(_CERTIFIES + data)
    return base64.urlsafe_b64encode(data).decode() + "." + base64.urlsafe_b64encode(signature).decode()


def read_certificate(key: bytes, text: str) -> _Certificate:
    """A certificate of this server. Raises Refused for any other."""
    try:
        data, signature = (base64.urlsafe_b64decode(part) for part in text.split("."))
        Ed25519PrivateKey.from_private_bytes(key).public_key().verify(signature, _CERTIFIES + data)
        return msgspec.json.decode(data, type=_Certificate)
    except (ValueError, InvalidSignature, msgspec.DecodeError) as error:
        raise Refused(401, "bad_certificate", "the certificate is not this server's") from error


def find_key(db: Database, header: str) -> tuple[protocol.Signature, Any]:
    """Who a request claims to be from, with the key of that till's epoch. Raises Refused(401)."""
    try:
        signed = protocol.parse_authorization(header)
    except protocol.WireProblem as problem:
        raise Refused(401, "no_credentials", str(problem)) from problem
    asked = {"shard": schema.shard_of(signed.till), "till": signed.till, "epoch": signed.epoch}
    with db.glance() as connection:
        row = connection.execute(_KEY_OF_TILL, asked).first()
    if row is None:
        raise Refused(401, "unknown_till", "this till, or this epoch of it, is not known here: enrol again")
    return signed, row


def authenticate_till(db: Database, header: str, method: str, target: str, body: bytes) -> Till:
    """The till that signed a request. Raises Refused(401)."""
    signed, row = find_key(db, header)
    if not signed.verify(row.public_key, method, target, body):
        raise Refused(401, "bad_signature", "the signature does not fit the request and the till's key")
    if row.revoked_ms is not None:
        raise Refused(401, "revoked", "this till's key was withdrawn by head office")
    return Till(signed.till, signed.epoch, row.store)


def authenticate_office(db: Database, header: str) -> Office:
    """Head office by its bearer token. Raises Refused(401)."""
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer" or not token:
        raise Refused(401, "no_credentials", "Authorization must be: Bearer TOKEN")
    office = schema.office_token
    columns = (office.c.name, office.c.revoked_ms, office.c.scopes)
    query = sa.select(*columns).where(office.c.token_hash == token_hash(token))
    with db.glance() as connection:
        row = connection.execute(query).first()
    if row is None or row.revoked_ms is not None:
        raise Refused(401, "bad_token", "the token is not known, or was withdrawn")
    return Office(row.name, tuple((row.scopes or "").split()))


def enrol(db: Database, keys: Secrets, request: protocol.Enrol, now_ms: int) -> protocol.Enrolled:
    """Enrol by code: idempotent for the same code and key. Raises Refused."""
    _check_key(request)
    codes = schema.enrol_code
    with db.write() as connection:
        query = sa.select(codes).where(codes.c.code_hash == code_hash(request.code))
        code = connection.execute(query.with_for_update() if db.postgresql else query).first()
        if code is None or (code.used_ms is None and code.expires_ms < now_ms):
            raise Refused(
                403, "bad_code", "the code is not known or has expired: ask head office for a new one"
            )
        if code.used_ms is not None:
            if code.used_key != request.public_key:
                raise Refused(403, "code_used", "the code was used already: ask head office for a new one")
            till, epoch = code.used_till, code.used_epoch
        else:
            till = code.till or request.till or uuid.uuid4()
            db.lock_shard(connection, schema.shard_of(till))
            epoch = _admit(
                connection, till, code.store, request.public_key, now_ms, bound=code.till is not None
            )
            connection.execute(
                sa.update(codes)
                .where(codes.c.code_hash == code.code_hash)
                .values(used_ms=now_ms, used_key=request.public_key, used_till=till, used_epoch=epoch)
            )
            till_keys.publish(connection, db, till)
    return _enrolled(keys, till, epoch, code.store, request.public_key, now_ms)


def readmit(
    db: Database, keys: Secrets, request: protocol.Enrol, signed: protocol.Signature, now_ms: int
) -> protocol.Enrolled:
    """Enrol by certificate, once its key's signature over the request was verified.

    The certificate's own key: the till is known again, in its epoch. Another key: a new epoch.
    """
    _check_key(request)
    certificate = read_certificate(keys.certificate_key, request.certificate)
    till, shard = schema.till, schema.shard_of(certificate.till)
    if (signed.till, signed.epoch) != (certificate.till, certificate.epoch):
        raise Refused(401, "bad_signature", "the request must be signed by the key the certificate names")
    with db.write() as connection:
        db.lock_shard(connection, shard)
        row = connection.execute(
            sa.select(till.c.store, till.c.revoked_ms).where(
                till.c.shard == shard, till.c.id == certificate.till
            )
        ).first()
        if row is not None and row.revoked_ms is not None:
            raise Refused(401, "revoked", "this till's key was withdrawn by head office")
        store = row.store if row else certificate.store
        if row is None:
            _add_till(connection, certificate.till, store, now_ms)
        _keep_key(connection, certificate)
        epoch = _epoch_for(connection, certificate.till, request.public_key)
        till_keys.publish(connection, db, certificate.till)
    return _enrolled(keys, certificate.till, epoch, store, request.public_key, now_ms)


def certified_key(keys: Secrets, certificate: str) -> bytes:
    """The public key a certificate of this server names. Raises Refused."""
    return read_certificate(keys.certificate_key, certificate).public_key


def _check_key(request: protocol.Enrol) -> None:
    if len(request.public_key) != 32:
        raise Refused(400, "malformed", "public_key must be an Ed25519 key of 32 bytes")


def _enrolled(
    keys: Secrets, till: uuid.UUID, epoch: int, store: str, public_key: bytes, now_ms: int
) -> protocol.Enrolled:
    certificate = certify(keys.certificate_key, _Certificate(till, epoch, store, public_key))
    return protocol.Enrolled(
        till=till, epoch=epoch, store=store, certificate=certificate, server_time_ms=now_ms
    )


def _admit(
    connection: sa.Connection, till: uuid.UUID, store: str, public_key: bytes, now_ms: int, *, bound: bool
) -> int:
    """Make the till known with this key; returns its epoch. A known till needs a code made for it.

    Such a code lets a withdrawn till in by the key that it comes with. Its others stay withdrawn: they may be
    in other hands.
    """
    table, envelope, shard = schema.till, schema.envelope, schema.shard_of(till)
    known = connection.execute(
        sa.select(table.c.id, table.c.revoked_ms).where(table.c.shard == shard, table.c.id == till)
    ).first()
    if known is None:
        _add_till(connection, till, store, now_ms)
        return _epoch_for(connection, till, public_key)
    spoke = sa.select(envelope.c.seq).where(envelope.c.shard == shard, envelope.c.origin == till).limit(1)
    if not bound and (known.revoked_ms is not None or connection.execute(spoke).first() is not None):
        raise Refused(403, "till_exists", "this till is known: ask head office for a code made for it")
    values = {"store": store, "revoked_ms": None}
    connection.execute(sa.update(table).where(table.c.shard == shard, table.c.id == till).values(values))
    epoch = _epoch_for(connection, till, public_key)
    key = schema.till_key
    this = (key.c.shard == shard) & (key.c.till == till) & (key.c.epoch == epoch)
    connection.execute(sa.update(key).where(this).values(revoked_ms=None))
    return epoch


def _add_till(connection: sa.Connection, till: uuid.UUID, store: str, now_ms: int) -> None:
    connection.execute(
        sa.insert(schema.till).values(shard=schema.shard_of(till), id=till, store=store, enrolled_ms=now_ms)
    )


def _epoch_for(connection: sa.Connection, till: uuid.UUID, public_key: bytes) -> int:
    """The epoch of a key: as known, or the next one."""
    key, shard = schema.till_key, schema.shard_of(till)
    ours = (key.c.shard == shard) & (key.c.till == till)
    known = connection.execute(sa.select(key.c.epoch).where(ours, key.c.public_key == public_key)).scalar()
    if known is not None:
        return known
    epoch = (connection.execute(sa.select(sa.func.max(key.c.epoch)).where(ours)).scalar() or 0) + 1
    connection.execute(sa.insert(key).values(shard=shard, till=till, epoch=epoch, public_key=public_key))
    return epoch


def _keep_key(connection: sa.Connection, named: _Certificate) -> None:
    """Know the key of a certificate again, after a restore lost it. Raises Refused for a withdrawn one."""
    key, shard = schema.till_key, schema.shard_of(named.till)
    place = {"shard": shard, "till": named.till, "epoch": named.epoch}
    query = sa.select(key.c.public_key, key.c.revoked_ms).where(
        key.c.shard == shard, key.c.till == named.till, key.c.epoch == named.epoch
    )
    known = connection.execute(query).first()
    if known is None:
        connection.execute(sa.insert(key).values(**place, public_key=named.public_key))
    elif known.revoked_ms is not None:
        raise Refused(401, "revoked", "this till's key was withdrawn by head office")
    elif known.public_key != named.public_key:
        raise Refused(
            401, "bad_certificate", "the server knows this epoch by another key: ask for a new code"
        )
