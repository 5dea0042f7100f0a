"""schemathesis over the server's own description: every operation asked, every answer held to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from requests.auth import AuthBase
from schemathesis import Case, GenerationMode
from schemathesis.config import GenerationConfig, SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import ignored_auth

from sync import protocol
from sync.server.context import Context, Inline
from sync.server.hints import Hints, Listener
from tests.sync.rig import HandTill, Rig

SEMANTIC = [404, 409, 410, 413, 422, 426]
"""With these a request may be refused that the description allows: it names nobody, comes too late, …"""
CONFIG = {
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", *SEMANTIC]}},
    "operations": [
        {
            # A cursor, a key or a run of facts that no schema can tell from a right one.
            "include-path-regex": "^/v1/(enrol|pull|feed|findings|quarantine|holds|directory/|tills/)",
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, *SEMANTIC]}},
        }
    ],
}


_INT_WANTED = re.compile(rb"Expected `int( \| null)?`, got `float`")


class Brief(Hints):
    """Streams end after their greeting."""

    def join(self, store: str) -> Listener:
        listener = super().join(store)
        listener.closed = True
        return listener


class Signed(AuthBase):
    """As a till signs what is sent."""

    def __init__(self, till: HandTill) -> None:
        self._till = till

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        ours, body = self._till.credentials, request.body or b""
        body = body.encode() if isinstance(body, str) else body
        assert isinstance(body, bytes)
        target = (request.method or "", request.path_url)
        signed = protocol.authorise(ours.private_key, *target, ours.till, ours.epoch, body)
        request.headers["Authorization"] = signed
        return request


class Examiner:
    """Asks a server everything, and keeps what was wrong with the answers."""

    def __init__(self, rig: Rig) -> None:
        secrets = rig.context.secrets
        rig.app.state["context"] = Context(rig.db, secrets, rig.world, Inline(), hints=Brief())
        self._till = HandTill(rig)
        self._till.enrol()
        rig.app.state["context"] = Context(rig.db, secrets, rig.world, Inline(), hints=Brief())
        self._token = rig.token
        config = SchemathesisConfig.from_dict(CONFIG)
        self.schema = schemathesis.openapi.from_asgi("/openapi/openapi.json", rig.app, config=config)
        self.asked = 0
        self.faults: dict[str, str] = {}

    def examine(self, *, examples: int, every: int = 1) -> dict[str, str]:
        """Faults by operation and kind: from `examples` random requests of each kind, and each `every`th of
        the systematic ones (other methods, types, missing parts, bounds)."""
        for result in self.schema.get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            for number, case in enumerate(self._systematic(operation)):
                if number % every == 0:
                    self._ask(case)
            for mode in GenerationMode:
                self._at_random(operation, mode, examples)
        return self.faults

    def _systematic(self, operation: schemathesis.APIOperation) -> Iterator[Case]:
        config = GenerationConfig(with_security_parameters=False)
        return self.schema.iter_coverage_cases(
            operation, generation_modes=list(GenerationMode), generation_config=config
        )

    def _at_random(self, operation: schemathesis.APIOperation, mode: GenerationMode, examples: int) -> None:
        @settings(
            max_examples=examples, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],  # type: ignore[arg-type]
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            self._ask(case)

        try:
            ask()
        except Unsatisfiable:  # there is nothing that could be wrong with GET /health
            assert mode is GenerationMode.NEGATIVE

    def _ask(self, case: Case) -> None:
        # That credentials are not ignored, test_access asks of every path: here they are given behind the
        # back of schemathesis, which would take them for its own invented ones.
        self.asked += 1
        security = case.operation.definition.raw.get("security")
        if self.schema.is_security_param_negated(case):
            response = case.call()
        elif security == [{"till": []}]:
            response = case.call(auth=Signed(self._till))
        elif security:
            response = case.call(headers={"Authorization": f"Bearer {self._token}"})
        else:
            response = case.call()
        try:
            case.validate_response(response, excluded_checks=[ignored_auth])
        except FailureGroup as group:
            # To JSON Schema 1.0 is an integer; the server takes no float for money, whatever its value.
            exact = _INT_WANTED.search(response.content) is not None
            for fault in group.exceptions:
                if exact and isinstance(fault, RejectedPositiveData):
                    continue
                name = f"{case.operation.label}: {type(fault).__name__}"
                self.faults.setdefault(name, f"{fault}\n{case.as_curl_command()[:500]}")
