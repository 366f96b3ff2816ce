"""The endpoint: what it takes, what it refuses and how, and that nothing breaks it."""

import json
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest
from graphql import build_schema, parse

from api.errors import Refusal
from api.graphql import limits
from api.graphql.documents import Documents
from api.graphql.schema import core
from tests.support.client import Answer, Client
from tests.support.shop import purchase

BRAND = "{ brand { code } }"
JSON = {"content-type": "application/json"}
NEW_TYPE = "application/graphql-response+json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"1",
        b'"x"',
        b"null",
        b"[]",
        b"{}",
        b"{",
        b'{"query": 1}',
        b'{"query": null}',
        b'{"query": "{a}", "variables": 1}',
        b'{"query": "{a}", "variables": []}',
        b'{"query": "{a}", "variables": NaN}',
        b'{"query": "{a}", "operationName": 1}',
        b'{"query": "{a}", "extensions": []}',
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b'\xef\xbb\xbf{"query": "{a}"}',
        b"[" * 100_000,
        b'{"query": "{a}", "variables": {"a": ' + b"[" * 100_000,
    ],
)
async def test_bodies_that_are_no_request(client: Client, body: bytes) -> None:
    answer = await client.post(body, client.staff)
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("extra", [0, 1])
async def test_a_body_of_ten_megabytes(client: Client, extra: int) -> None:
    body = b'{"query": "' + b"x" * 10_000_000 + b'"}'
    headers = {**JSON, **({"content-length": str(len(body))} if extra else {})}
    answer = await client.send("POST", "/graphql", body, headers)
    assert (answer.status, answer.codes) == (413, ["PAYLOAD_TOO_LARGE"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "\xff"},
    ],
)
async def test_media_types_that_are_not_taken(client: Client, headers: dict[str, str]) -> None:
    answer = await client.send("POST", "/graphql", b'{"query": "{a}"}', headers)
    assert (answer.status, answer.codes) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
async def test_methods_that_are_not_taken(client: Client, method: str) -> None:
    answer = await client.send(method, "/graphql")
    assert answer.status == 405
    assert answer.headers["allow"]


def get(query: str, **parameters: str) -> str:
    return urlencode({"query": query, **parameters})


async def test_a_query_over_get(client: Client) -> None:
    headers = {"authorization": f"Bearer {client.staff}"}
    query = "query ($id: ID!) { brand { code } node(id: $id) { id } }"
    address = get(query, variables='{"id": "x"}', operationName="")
    answer = await client.send("GET", "/graphql", headers=headers, address=address)
    assert answer.data == {"brand": {"code": "grocer"}, "node": None}


async def test_no_mutation_over_get(client: Client) -> None:
    headers = {"authorization": f"Bearer {client.server}"}
    mutation = (
        'mutation { recordPurchases(input: {idempotencyKey: "k", purchases: []}) { __typename } }'
    )
    answer = await client.send("GET", "/graphql", headers=headers, address=get(mutation))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "address",
    ["", "query=%FF", get("{a}", variables="{"), get("{a}", variables="[]"), "variables="],
)
async def test_addresses_that_are_no_request(client: Client, address: str) -> None:
    answer = await client.send("GET", "/graphql", address=address)
    assert 400 <= answer.status < 500 or answer.codes == ["GRAPHQL_PARSE_FAILED"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("\0", "GRAPHQL_PARSE_FAILED"),
        ("#" * 100_001, "GRAPHQL_PARSE_FAILED"),
        ("#\n" * 300 + BRAND, "GRAPHQL_PARSE_FAILED"),
        ("{" + "brand { code } " * 1000 + "}", "GRAPHQL_PARSE_FAILED"),
        ("{" * 5000, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...a } fragment a on Query { ...a }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...missing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a }", "GRAPHQL_VALIDATION_FAILED"),
        ("type A { b: Int }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "{" + " ".join(f"a{n}: brand {{ code }}" for n in range(31)) + "}",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ brand " + "@a " * 51 + "{ code } }", "GRAPHQL_VALIDATION_FAILED"),
        ("".join(f"query q{n} {BRAND}" for n in range(21)), "GRAPHQL_VALIDATION_FAILED"),
        ('{ figures(asOf: "0001") { members } }', "GRAPHQL_VALIDATION_FAILED"),
        ("query A { brand { code } } query B { brand { code } }", "OPERATION_RESOLUTION_FAILURE"),
        ("query ($id: ID!) { node(id: $id) { id } }", "BAD_USER_INPUT"),
    ],
)
async def test_documents_that_do_not_run(client: Client, query: str, code: str) -> None:
    old = await client.ask(query, client.staff)
    assert (old.status, set(old.codes)) == (200, {code})
    assert "data" not in old.json
    assert len(old.codes) <= 20
    new = await client.post({"query": query}, client.staff, accept=NEW_TYPE)
    assert (new.status, new.headers["content-type"]) == (400, f"{NEW_TYPE}; charset=utf-8")


def test_how_deep_a_query_may_go() -> None:
    rules = build_schema("type Query { a: Query b: Int }")
    fine = "{ a { ...f } } fragment f on Query { " + "a { " * 10 + "b" + " }" * 11
    deep = "{ a { ...f } } fragment f on Query { " + "a { " * 11 + "b" + " }" * 12
    assert limits.check_depth(parse(fine)) is None
    assert limits.check_depth(parse(deep)) is not None
    prepared = Documents(rules, hide_suggestions=False).prepare(deep)
    assert isinstance(prepared, Refusal)
    assert prepared.code == "GRAPHQL_VALIDATION_FAILED"


def documents() -> Documents:
    return Documents(core(), hide_suggestions=False)


def test_a_document_is_prepared_once() -> None:
    kept = documents()
    first = kept.prepare(BRAND)
    assert kept.prepare(BRAND) is first
    for number in range(1000):
        kept.prepare(f"query q{number} {BRAND}")
    assert kept.prepare(BRAND) is not first


def test_long_documents_are_not_kept() -> None:
    kept = documents()
    long = BRAND + " " * 20_000
    assert kept.prepare(long) is not kept.prepare(long)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (NEW_TYPE, NEW_TYPE),
        (f"application/json; q=0.5, {NEW_TYPE}", NEW_TYPE),
        (f"{NEW_TYPE}; q=0, */*", "application/json"),
        ("application/*;q=0.1", "application/json"),
        ("rubbish", "application/json"),
        ("application/json;q=x, application/json", "application/json"),
    ],
)
async def test_the_answers_media_type(client: Client, accept: str, kind: str) -> None:
    answer = await client.post({"query": BRAND}, client.staff, accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, f"{kind}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/plain", "image/*", "application/json;q=0"])
async def test_media_types_nobody_can_answer_in(client: Client, accept: str) -> None:
    answer = await client.post({"query": BRAND}, client.staff, accept=accept)
    assert (answer.status, answer.codes) == (406, ["NOT_ACCEPTABLE"])


@pytest.mark.parametrize(
    "value", [float("1e30"), 10**30, -1, "NaN", "x" * 900_000, [], {}, [[[[]]]], True, "\0", 2**31]
)
async def test_variables_of_the_wrong_kind(client: Client, value: Any) -> None:
    query = """
    query ($a: Int, $b: Cursor, $c: DateTime) {
      members(first: $a, after: $b) { nodes { id } }
      figures(asOf: $c) { members }
    }
    """
    for name in "abc":
        body = json.dumps({"query": query, "variables": {name: value}}).encode()
        answer = await client.post(body, client.staff)
        assert answer.status == 200
        assert set(answer.codes) == {"BAD_USER_INPUT"}
        assert len(answer.body) < 5_000


async def test_an_unforeseen_fault_is_masked(
    client: Client, admin: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.shop.buy(purchase("p1", "ana", 100, client.shop.clock.now()))
    await admin.execute("ALTER TABLE wallet RENAME TO wallet_away")
    try:
        answer = await client.ask("{ me { externalId balance { total } } }", client.member("ana"))
    finally:
        await admin.execute("ALTER TABLE wallet_away RENAME TO wallet")
    assert (answer.status, answer.codes) == (200, ["INTERNAL_SERVER_ERROR"])
    assert answer.json["data"] == {"me": None}
    assert answer.json["errors"][0]["path"] == ["me", "balance"]
    assert "wallet" not in answer.body.decode()
    assert 'relation "wallet" does not exist' in capsys.readouterr().out


async def test_the_correlation_id_comes_back(client: Client) -> None:
    given = "0190a7c4-5b1e-7c3a-9d52-3f4c8f1f2a3b"
    answer = await client.post({"query": "{ nothing }"}, client.staff, **{"x-request-id": given})
    assert answer.headers["x-request-id"] == given
    assert answer.json["errors"][0]["extensions"]["correlationId"] == given


@pytest.mark.parametrize("given", ["", "1", "x" * 1000, "{0190a7c4-5b1e-7c3a-9d52-3f4c8f1f2a3b}"])
async def test_a_made_up_correlation_id_is_replaced(client: Client, given: str) -> None:
    answer = await client.post({"query": BRAND}, client.staff, **{"x-request-id": given})
    assert len(answer.headers["x-request-id"]) == 36
    assert answer.headers["x-request-id"] != given


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('query ($n: ID! = "x") { node(id: $n) { id } }', {"n": None}),
        ('query ($n: ID = "x") { node(id: $n) { id } }', {"n": None}),
        ("query ($n: ID) { member: memberBy(by: {id: $n}) { id } }", {}),
        ("query ($b: Boolean = true) { brand @include(if: $b) { id } }", {"b": None}),
    ],
)
async def test_nulls_that_only_show_when_it_runs(
    client: Client, query: str, variables: dict[str, Any]
) -> None:
    assert (await client.ask(query, client.staff, **variables)).codes == ["BAD_USER_INPUT"]


async def introspected(client: Client, token: str) -> Answer:
    return await client.ask("{ __schema { queryType { name } } }", token)


async def test_the_schema_shows_itself_in_development(client: Client) -> None:
    assert (await introspected(client, "")).status == 200
