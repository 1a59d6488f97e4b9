"""The routes of uploads do what their description says: schemathesis makes requests from it."""

from __future__ import annotations

import desk_assistant
import schemathesis
from hypothesis import HealthCheck, settings
from test_openapi import CHECKS
from test_upload_routes import new_app

from ketarag.web.limits import Limits
from ketarag.web.uploads import Desks

schema = schemathesis.openapi.from_asgi(
    "/openapi.json",
    new_app(Desks(desk_assistant.ready()), Limits(rate=1e6, burst=1_000_000)),  # type: ignore[arg-type]
).include(path_regex="^/v1/documents")


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_route_keeps_to_its_description(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)
