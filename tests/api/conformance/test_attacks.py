"""What graphql-cop looks for, asked of a server in production by somebody nobody knows."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.support.served import Site

PAGES = ["/graphiql", "/playground", "/console", "/graphql", "/"]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def codes(self) -> list[str]:
        assert "data" not in self.json, self.json
        return [error["extensions"]["code"] for error in self.json["errors"]]


def send(
    production: Site,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = {},
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", production.port, timeout=10)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        connection.close()


def post(production: Site, content: object) -> Answer:
    headers = {
        "content-type": "application/json",
        "accept": "application/graphql-response+json",
    }
    return send(production, "POST", "/graphql", orjson.dumps(content), headers)


def asked(production: Site, query: str) -> Answer:
    return post(production, {"query": query})


def test_somebody_unknown_is_answered_at_all(production: Site) -> None:
    assert asked(production, "{ __typename }").json["data"] == {"__typename": "Query"}


def test_alias_overloading(production: Site) -> None:
    aliases = " ".join(f"alias{number}: __typename" for number in range(101))
    assert asked(production, f"{{ {aliases} }}").codes == ["GRAPHQL_VALIDATION_FAILED"]


def test_array_batching(production: Site) -> None:
    answer = post(production, [{"query": "{ __typename }"}] * 10)
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


def test_directive_overloading(production: Site) -> None:
    # One error for all of them, not one for each.
    answer = asked(production, "{ __typename " + "@aa" * 10 + " }")
    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


def test_field_duplication(production: Site) -> None:
    answer = asked(production, "{ " + "__typename " * 500 + "}")
    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


def test_circular_introspection(production: Site) -> None:
    circle = "fields { type { " * 4 + "name" + " } }" * 4
    answer = asked(production, f"{{ __schema {{ types {{ {circle} }} }} }}")
    assert set(answer.codes) <= {"UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("root", ["__schema { types { name } }", '__type(name: "Member") { name }'])
def test_introspection(production: Site, root: str) -> None:
    assert asked(production, f"{{ {root} }}").codes == ["UNAUTHENTICATED"]


def test_get_queries(production: Site) -> None:
    answer = send(production, "GET", "/graphql?" + urlencode({"query": "{ __typename }"}))
    assert (answer.status, answer.codes) == (400, ["PREFLIGHT_REQUIRED"])


def test_mutations_over_get(production: Site) -> None:
    leave = {"apollo-require-preflight": "true"}
    query = urlencode({"query": "mutation cop { __typename }"})
    answer = send(production, "GET", f"/graphql?{query}", headers=leave)
    assert (answer.status, answer.codes) == (405, ["METHOD_NOT_ALLOWED"])


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_posts_of_forms(production: Site, kind: str) -> None:
    body = urlencode({"query": "{ __typename }"}).encode()
    answer = send(production, "POST", "/graphql", body, {"content-type": kind})
    assert (answer.status, answer.codes) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


@pytest.mark.parametrize("query", ["{ __schema { directive } }", "{ mee { id } }"])
def test_field_suggestions(production: Site, query: str) -> None:
    answer = asked(production, query)
    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert b"mean" not in answer.body


@pytest.mark.parametrize("path", PAGES)
def test_explorers(production: Site, path: str) -> None:
    answer = send(production, "GET", path, headers={"accept": "text/html"})
    for sign in (b"graphiql", b"playground"):
        assert sign not in answer.body.lower()


@pytest.mark.parametrize("query", ["{ __typename }", "qwerty cop { abc }", "{ me { id } }"])
def test_traces_and_debugging(production: Site, query: str) -> None:
    answer = asked(production, query).json
    told = {name for error in answer.get("errors", ()) for name in error["extensions"]}
    assert told <= {"code", "correlationId", "reason"}
    assert set(answer.get("extensions", ())) <= {"cost"}
    assert "trace" not in str(answer).lower()
