# pyright: reportMissingImports=false, reportUnknownMemberType=false
"""The usual way to take sales over HTTP: FastAPI, pydantic models, SQLAlchemy's ORM. Nothing is signed,
chained or packed, and a sale that comes twice is an error: it does less than the server beside it.

    python server.py PORT POSTGRESQL-URL
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, Text, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(sys.argv[2].replace("postgresql://", "postgresql+psycopg://", 1))
app = FastAPI()


class Line(BaseModel):
    line: int
    sku: str
    name: str
    category: str = ""
    qty_milli: int
    price_minor: int
    gross_minor: int
    net_minor: int
    tax: str = ""


class Tender(BaseModel):
    means: str
    amount_minor: int


class Sale(BaseModel):
    kind: str
    id: uuid.UUID
    at_ms: int
    number: int
    shift: uuid.UUID
    business_day: str
    cashier: str
    currency: str
    programme: str
    lines: list[Line]
    goods_minor: int
    total_minor: int
    tenders: list[Tender]
    member: uuid.UUID | None = None


class Push(BaseModel):
    till: uuid.UUID
    first_seq: int
    facts: list[Sale]


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON().with_variant(JSONB(), "postgresql")}  # noqa: RUF012


class Row(Base):
    __tablename__ = "plain_sale"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    till: Mapped[uuid.UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    member: Mapped[uuid.UUID | None]
    doc: Mapped[dict[str, Any]]


@app.post("/facts")
def push(push: Push) -> dict[str, int]:
    rows = [
        Row(
            id=sale.id, till=push.till, seq=seq, kind=sale.kind, at_ms=sale.at_ms, member=sale.member,
            doc=sale.model_dump(mode="json"),
        )
        for seq, sale in enumerate(push.facts, push.first_seq)
    ]  # fmt: skip
    with Session(engine) as session, session.begin():
        session.add_all(rows)
    return {"acked_seq": push.first_seq + len(rows) - 1}


if __name__ == "__main__":
    Base.metadata.create_all(engine)
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
