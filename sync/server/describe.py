"""What the OpenAPI description says beyond the handlers' types: bodies in zstd, credentials, problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar.datastructures import ResponseHeader
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
)

from sync import protocol

BY_TILL: Final[list[dict[str, list[str]]]] = [{"till": []}]
BY_OFFICE: Final[list[dict[str, list[str]]]] = [{"office": []}]


def page(kind: type[msgspec.Struct]) -> dict[int, ResponseSpec]:
    """The response of a handler that encodes its message itself."""
    return {
        200: ResponseSpec(kind, generate_examples=False, description="A page, and the cursor of the next")
    }


def bodies_of(kind: type[str | bytes], media_type: str, told: dict[int, str]) -> dict[int, ResponseSpec]:
    """Responses whose bodies are no JSON but a text, or bytes, of a media type, by status."""
    return {
        status: ResponseSpec(kind, generate_examples=False, media_type=media_type, description=text)
        for status, text in told.items()
    }


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Responses that carry a `Problem`."""
    return {
        status: ResponseSpec(protocol.Problem, generate_examples=False, description="A problem; see its code")
        for status in statuses
    }


@dataclass
class Source(Operation):
    """An operation whose body is a programme file."""

    def __post_init__(self) -> None:
        text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        self.request_body = RequestBody(
            required=True, description="A programme file", content={"application/yaml": text}
        )


class Ready(Schema):
    """A schema that is ready as it is."""

    def __init__(self, ready: dict[str, Any]) -> None:
        super().__init__()
        object.__setattr__(self, "_ready", ready)

    def to_schema(self) -> dict[str, Any]:
        return self._ready  # type: ignore[attr-defined]


def json_body(text: str, *kinds: Any) -> type[Operation]:
    """An operation whose body is a message in JSON, of any of these kinds."""
    schemas = [schema_of(kind) for kind in kinds]
    ready = Ready(schemas[0] if len(schemas) == 1 else {"anyOf": schemas})

    @dataclass
    class Json(Operation):
        def __post_init__(self) -> None:
            content = {"application/json": OpenAPIMediaType(schema=ready)}
            self.request_body = RequestBody(required=True, description=text, content=content)

    return Json


def packed(kind: type[msgspec.Struct]) -> type[Operation]:
    """An operation whose body is a till's message."""
    return json_body("The message in JSON: in one zstd frame (Content-Encoding: zstd), or plain", kind)


def rows(kind: type[msgspec.Struct]) -> type[Operation]:
    """An operation whose body is a list's rows."""
    return json_body("Rows, with any further fields; plain, or with Content-Encoding: zstd", list[kind])


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON schema of a type, in one piece."""
    made = msgspec.json.schema(kind)
    definitions = made.pop("$defs", {})

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return whole(definitions[part["$ref"].rsplit("/", 1)[1]])
        return {name: whole(value) for name, value in part.items()}

    return whole(made)


def description(version: str) -> OpenAPIConfig:
    """The description's frame."""
    schemes = {
        "till": SecurityScheme(
            type="apiKey",
            name="Authorization",
            security_scheme_in="header",
            description=f"{protocol.SCHEME} TILL EPOCH SIGNATURE: Ed25519 over method, target and body",
        ),
        "office": SecurityScheme(type="http", scheme="bearer", description="A token of head office"),
    }
    return OpenAPIConfig(
        title="Stempel server",
        version=version,
        path="/openapi",
        render_plugins=[JsonRenderPlugin()],
        components=Components(security_schemes=schemes),  # type: ignore[arg-type]
    )


REQUEST_ID: Final = ResponseHeader(
    name="X-Request-Id", description="The request's id, as in the server's log", documentation_only=True
)
