"""The OpenAPI schema: it describes every route, requests made from it find no fault, and the reference names all of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from conftest import TITLES
from penchant.serve.config import Config
from penchant.serve.metrics import Metrics
from penchant.serve.routes import ROUTES

from .conftest import Process

ROOT = Path(__file__).parents[2]
CASES = int(os.environ.get("PENCHANT_CASES", "25"))
"""For each route and mode; a thorough run asks for more."""
OPERATIONS = [
    (str(method), re.sub(r":\w+}", "}", path))
    for route in ROUTES
    for path in sorted(route.paths)
    for method in route.http_methods
]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_every_route_is_in_the_schema_with_its_problems(service):
    schema = service.get("/schema").json()
    described = {(path, method.upper()) for path, methods in schema["paths"].items() for method in methods}
    routes = {
        (re.sub(r":\w+}", "}", path), str(method))
        for route in ROUTES
        for path in route.paths
        for method in route.http_methods
    }
    assert described == routes
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            assert operation["description"], path
            assert "application/problem+json" in operation["responses"]["422"]["content"], (path, method)
            needs_token = operation.get("security") == [{"bearer": []}]
            assert needs_token != path.startswith("/health"), path
    assert service.get("/schema/openapi.json").json() == schema


def test_every_route_metric_and_setting_is_in_the_reference():
    reference = (ROOT / "docs" / "reference.md").read_text()
    for route in ROUTES:
        for path in route.paths:
            for method in route.http_methods:
                assert f"`{method} {re.sub(r':str}', '}', path)}`" in reference, (method, path)
    for metric in Metrics().registry.collect():
        if metric.name.startswith("penchant_"):
            assert f"`{metric.name}" in reference, metric.name
    for name in Config.__struct_fields__:
        assert f"`{name}`" in reference, name


NO_HTTP = b"Invalid HTTP request received."


@schemathesis.serializer("application/x-ndjson")
def as_lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def live(tmp_path_factory) -> Iterator[Process]:
    """A real service for all cases; its state grows and shrinks with them."""
    variables = {"PENCHANT_MAX_BATCH": "50", "PENCHANT_MAX_K": "50", "PENCHANT_LOG": "errors"}
    service = Process(tmp_path_factory.mktemp("schema") / "state", **variables)
    service.http.put("/documents", json=[{"id": name, "title": title} for name, title in TITLES.items()])
    yield service
    assert service.http.get("/health/ready").status_code == 200, "it is still there"
    service.stop()


@pytest.mark.filterwarnings("ignore")  # schemathesis's own
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_request_that_the_schema_allows_or_forbids_breaks_the_service(live, method, path, mode):
    """As written in the schema, and against it; a case that only a proxy could send is left out.

    What is no HTTP (such as a URL of more than 64 KB) never reaches the application: the server below answers it in plain text.
    """
    operation = schemathesis.openapi.from_url(f"{live.url}/schema")[path][method]

    @hypothesis.settings(
        max_examples=CASES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        response = case.call(base_url=live.url)
        if response.content == NO_HTTP:
            assert response.status_code == 400
            return
        case.validate_response(response, checks=CHECKS)

    try:
        check()
    except (hypothesis.errors.Unsatisfiable, hypothesis.errors.InvalidArgument):
        if mode is GenerationMode.POSITIVE:
            raise
        pytest.skip("nothing in this request can be wrong")
