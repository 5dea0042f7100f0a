"""What head office does over HTTP besides reading the feed: publish lists, erase a person."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, put
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from sync import protocol
from sync.server import bodies, listing, persons
from sync.server.context import Context
from sync.server.describe import BY_OFFICE, Source, json_body, problems, rows
from sync.server.hints import EVERYONE

ONE_STORE = "Of one store alone; left out: of all stores"
Store = Annotated[str, QueryParameter(max_length=64, description=ONE_STORE)]
OneStore = Annotated[str, QueryParameter(name="store", min_length=1, max_length=64, description="Which")]
Keep = Annotated[bool, QueryParameter(description="Rows that are not named stay")]
_REFUSALS = problems(400, 401, 403, 408, 413, 415, 422, 503)


def _plain(request: Request[Any, Any, Any]) -> bytes:
    return bodies.plain(request, protocol.LIST_MAX)


async def _run(state: State, work: Any, *arguments: Any) -> Any:
    context: Context = state["context"]
    return await context.runner.run(work, context.db, *arguments)


@put("/programmes", operation_class=Source, security=BY_OFFICE, responses=_REFUSALS)
async def publish_programme(
    request: Request[Any, Any, Any], state: State, store: Store = ""
) -> protocol.Published:
    """Publish a programme file; tills switch to it on its valid_from. 422 names every error in it."""
    return await _run(state, listing.publish_programme, _plain(request), store)


@put("/products", operation_class=rows(protocol.ProductBody), security=BY_OFFICE, responses=_REFUSALS)
async def publish_products(
    request: Request[Any, Any, Any], state: State, store: Store = "", keep: Keep = False
) -> protocol.Published:
    """Publish products: the list is exactly these rows from now on; with `keep`, others stay."""
    work = lambda db: listing.publish_rows(db, "product", _plain(request), store, keep=keep)  # noqa: E731
    return await _run(state, work)


@put("/staff", operation_class=rows(protocol.StaffBody), security=BY_OFFICE, responses=_REFUSALS)
async def publish_staff(
    request: Request[Any, Any, Any], state: State, store: Store = "", keep: Keep = False
) -> protocol.Published:
    """Publish the staff: the list is exactly these rows from now on; with `keep`, others stay."""
    work = lambda db: listing.publish_rows(db, "staff", _plain(request), store, keep=keep)  # noqa: E731
    return await _run(state, work)


@put(
    "/store",
    operation_class=json_body("What its customers call it", protocol.StoreBody),
    security=BY_OFFICE,
    responses=problems(400, 401, 403, 408, 413, 422, 503),
)
async def publish_store(request: Request[Any, Any, Any], state: State, store: OneStore) -> protocol.Published:
    """Publish what a store's customers call it: the head of its receipts on the web."""
    return await _run(state, listing.publish_store, store, request.scope["state"]["body"])


@delete("/persons/{member:uuid}", security=BY_OFFICE, responses=problems(400, 401, 403, 404, 408, 413, 503))
async def erase_person(member: FromPath[UUID], state: State) -> None:
    """Forget who a member is, here and at every till. Their points stay, and name nobody."""
    context: Context = state["context"]
    await context.runner.run(persons.erase, context.db, member, context.world.now_ms())
    context.hints.tell(EVERYONE)
