"""Which stores have seen which members: whose full rows a store's tills are given."""

from __future__ import annotations

import sqlalchemy as sa

from sync.server.schema.base import MEMBERS, Id, metadata, shard

member_store = sa.Table(
    "member_store",
    metadata,
    shard(),
    sa.Column("store", sa.Text, primary_key=True),
    sa.Column("member", Id, primary_key=True),
    info=MEMBERS,
    comment="Stores whose tills wrote facts of a member, in the shard of the member: a projection",
)
