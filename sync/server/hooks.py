"""Head office's webhooks over HTTP: register one, look at them, delete one."""

from __future__ import annotations

import uuid
from typing import Any

from litestar import Request, Response, delete, get, post, route
from litestar.datastructures import State
from litestar.params import FromPath

from sync import protocol
from sync.server import webhooks
from sync.server.bodies import json_of
from sync.server.context import Context
from sync.server.describe import BY_OFFICE, json_body, problems


@route("/webhooks", http_method="OPTIONS", include_in_schema=False, sync_to_thread=False)
def webhook_methods() -> Response[None]:
    """Registered before the others of its path: the framework's own answer names the first of them alone."""
    return Response(None, status_code=204, headers={"Allow": "GET, OPTIONS, POST"})


@post(
    "/webhooks",
    status_code=201,
    operation_class=json_body("Where to post which facts", webhooks.NewWebhook),
    security=BY_OFFICE,
    responses=problems(400, 401, 403, 408, 409, 410, 413, 415, 422, 503),
)
async def add_webhook(request: Request[Any, Any, Any], state: State) -> webhooks.Webhook:
    """Have facts posted to a URL as they come. The secret that signs them is shown this once."""
    context: Context = state["context"]
    return await context.runner.run(_add, context, json_of(request))


def _add(context: Context, body: bytes) -> webhooks.Webhook:
    wish = protocol.decode(body, webhooks.NewWebhook)
    private = context.private_webhooks
    return webhooks.add(context.db, context.feed_cursors(), wish, context.world.now_ms(), private=private)


@get("/webhooks", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def list_webhooks(state: State) -> webhooks.Webhooks:
    """All webhooks: how far each is, and what was wrong last. One that is disabled stays so: delete it, and
    register it again with its cursor."""
    context: Context = state["context"]
    return webhooks.Webhooks(webhooks=await context.runner.run(webhooks.known, context.db))


@delete("/webhooks/{webhook:uuid}", security=BY_OFFICE, responses=problems(400, 401, 403, 404, 408, 413, 503))
async def delete_webhook(webhook: FromPath[uuid.UUID], state: State) -> None:
    """Post nothing there any more."""
    context: Context = state["context"]
    await context.runner.run(webhooks.remove, context.db, webhook)
