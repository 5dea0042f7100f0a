"""The central server's tables, fit for sharding (Citus) from the first migration.

A *family* of tables is split by `shard`: it stands in every primary key, unique and foreign key, and no key
leads out of the family. *Reference* tables are small and whole everywhere. Tests hold the metadata to it.
"""
# ruff: noqa: F401 - callers find every table here, and `metadata` knows them all once this is imported

from __future__ import annotations

from typing import Final

from sync.server.schema.base import (
    DOCUMENT,
    FACTS,
    MEMBERS,
    REFERENCE,
    SHARDS,
    Id,
    metadata,
    shard_of,
    shard_of_code,
)
from sync.server.schema.budgets import budget_spent, budgeted
from sync.server.schema.facts import (
    LATER,
    business_day,
    dated,
    envelope,
    event_key,
    fact,
    folded,
    quarantine,
    relinked,
    sale_named,
    shard_head,
)
from sync.server.schema.findings import checked, finding, unchecked
from sync.server.schema.lists import list_head, listing, programme_source, setting, webhook
from sync.server.schema.members import (
    compared,
    member,
    member_alias,
    member_card,
    member_fact,
    member_head,
    person,
    person_phone,
)
from sync.server.schema.scope import member_store
from sync.server.schema.spending import code_use, gift_card_move, hold, overdraft
from sync.server.schema.tills import enrol_code, office_token, store, till, till_contact, till_key

HEAD: Final = "0012"
"""The newest migration; a test compares it with the scripts, another the scripts with these tables."""
LISTS: Final = ("programme", "store", "allowance", "till_key", "staff", "product", "merge")
"""What tills are given, in the order in which a bare till needs it; the keys of tills come of enrolments,
members to merge of their phone numbers (`twins`)."""
APPEND_ONLY: Final = ("fact", "envelope")
"""Tables whose rows triggers protect from UPDATE and DELETE."""
