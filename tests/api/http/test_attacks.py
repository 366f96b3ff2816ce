"""The published attacks on GraphQL, each answered cheaply: 50 ms of one core at most.

Elsewhere: origins and subprotocols of sockets in `test_websocket.py`; guessing by alias in
`test_engine.py`; poisoned and foreign persisted queries, and what may be kept by those in between,
in `test_transport.py`; what is said of exceptions
in `test_graphql.py`; ids, cursors and edges that lead to others in `test_sideways.py` and
`test_brands_apart.py`; rates in `test_engine.py`; a server process attacked from outside in
`conformance/test_attacks.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
import pytest

from tests.support.client import Answer, Client
from tests.support.cpu import least
from tests.support.hostile import WORST, listed
from tests.support.shop import purchase

MILLISECONDS_MAX = 50
JSON = {"content-type": "application/json"}
PARSE, VALID = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"


@dataclass(frozen=True)
class Attack:
    """A document, and how it is answered; ``says`` is in the first error."""

    text: str
    code: str
    says: str = ""


def nested(opening: str, depth: int) -> str:
    return "{ " + opening * depth + "__typename" + " }" * (depth + 1)


DOCUMENTS = {
    "1,000 aliases of one field": Attack(
        "{ " + listed("a#: __typename", 1_000) + " }", PARSE, "1000 tokens"
    ),
    "300 aliases of one field": Attack(
        "{ " + listed("a#: __typename", 300) + " }", VALID, "300 aliases; 30 are allowed"
    ),
    "200 aliases of a whole page": Attack(
        "{ " + listed("a#: members(first: 100) { nodes { id } }", 200) + " }", PARSE, "1000 tokens"
    ),
    "30 aliases of a whole page": Attack(
        "{ " + listed("a#: members(first: 100) { nodes { id balance { total } } }", 30) + " }",
        "COST_LIMIT_EXCEEDED",
        "5000 are allowed",
    ),
    "a page of pages": Attack(
        "{ members(first: 100) { nodes { movements(first: 100) { nodes { code } } } } }",
        "COST_LIMIT_EXCEEDED",
    ),
    "5,000 repeated fields": Attack(
        "{ " + listed("__typename", 5_000) + " }", PARSE, "20000 are allowed"
    ),
    "1,200 repeated fields": Attack("{ " + "id " * 1_200 + "}", PARSE, "1000 tokens"),
    "900 repeated fields": Attack("{ " + "id " * 900 + "}", VALID, "900 fields of one name"),
    "1,500 repeated fields with fields below": Attack(
        "{ " + "brand { id } " * 1_500 + "}", PARSE, "1000 tokens"
    ),
    "400 overlapping fragments": Attack(
        "{ " + listed("...F#", 400) + " }" + listed("fragment F# on Query { brand { id } }", 400),
        PARSE,
        "1000 tokens",
    ),
    "2,000 unknown directives": Attack(
        "{ __typename " + "@aa" * 2_000 + " }", PARSE, "1000 tokens"
    ),
    "400 unknown directives": Attack(
        "{ __typename " + "@aa" * 400 + " }", VALID, "400 directives; 50 are allowed"
    ),
    "fields 300 deep": Attack(nested("me { ", 300), PARSE, "nest"),
    "fields 5,000 deep": Attack(nested("me { ", 3_000), PARSE),
    "lists 5,000 deep": Attack("{ node(id: " + "[" * 5_000 + " }", PARSE),
    "a circle of fragments": Attack(
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", VALID, "within itself"
    ),
    "fragments that double 60 times": Attack(
        "{ ...F0 }"
        + listed("fragment F# on Query { ...F> ...F> }", 60)
        + "fragment F60 on Query { brand { id } }",
        "COST_LIMIT_EXCEEDED",
    ),
    "introspection in a circle": Attack(
        "{ __schema { types { " + "fields { type { " * 8 + "name" + " } }" * 8 + " } } }",
        VALID,
        "introspection depth",
    ),
    "the first 100,000": Attack(
        "{ members(first: 100000) { nodes { id } } }", "BAD_USER_INPUT", "0 to 100"
    ),
    "the first -1": Attack("{ members(first: -1) { nodes { id } } }", "BAD_USER_INPUT", "first"),
    "3,000 unknown fields": Attack("{ " + "nothing " * 2_400 + "}", PARSE, "1000 tokens"),
    "900 unknown fields": Attack("{ " + listed("nothing#", 900) + " }", VALID, "nothing0"),
}


async def cheap(send: Callable[[int], Awaitable[Answer]]) -> Answer:
    """Attack some times, each time anew; return the answer, which must not have cost much."""
    milliseconds, answer = await least(send, MILLISECONDS_MAX)
    assert milliseconds <= MILLISECONDS_MAX, f"{milliseconds:.1f} ms"
    return answer


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_documents(client: Client, name: str) -> None:
    attack = DOCUMENTS[name]
    answer = await cheap(lambda n: client.ask(f"{attack.text}# {n}", client.staff))
    assert set(answer.codes) == {attack.code}, answer.json
    assert attack.says in answer.json["errors"][0]["message"]
    assert len(answer.codes) <= 20
    assert len(answer.body) < 20_000


@pytest.mark.parametrize("name", WORST)
async def test_the_worst_documents_within_the_limits(client: Client, name: str) -> None:
    text = WORST[name]
    answer = await cheap(lambda n: client.ask(f"{text}#{n}", client.staff))
    assert answer.status == 200
    assert len(answer.body) < 20_000
    if "errors" in answer.json:
        # It was looked at: what is refused unseen costs nothing.
        assert set(answer.codes) <= {VALID, "COST_LIMIT_EXCEEDED", "BAD_USER_INPUT", "FORBIDDEN"}


INPUT = "mutation ($v: RecordPurchasesInput!) { recordPurchases(input: $v) { errors { code } } }"
VARIABLES = {
    "a list of a million": ("query ($v: [ID!]!) { nodes(ids: $v) { id } }", [1] * 300_000),
    "no list": ("query ($v: Int) { members(first: $v) { nodes { id } } }", [1] * 300_000),
    "names nobody knows": (INPUT, {f"idempotencyKe{n}": 1 for n in range(35_000)}),
    "purchases that are none": (INPUT, {"idempotencyKey": "k", "purchases": [1] * 300_000}),
    "two ways to name a member": (
        "query ($v: MemberBy!) { memberBy(by: $v) { id } }",
        {f"externalI{n}": "x" for n in range(35_000)},
    ),
    "lists 900 deep": (
        "query ($v: [ID!]!) { nodes(ids: $v) { id } }",
        orjson.Fragment(b"[" * 900 + b"]" * 900),
    ),
    "a long name": ("query ($v: ID!) { node(id: $v) { id } }", "x" * 900_000),
    "a long amount": (INPUT, {"idempotencyKey": "9" * 900_000, "purchases": []}),
}


@pytest.mark.parametrize("name", VARIABLES)
async def test_variables(client: Client, name: str) -> None:
    text, value = VARIABLES[name]
    body = orjson.dumps({"query": text, "variables": {"v": value}})
    token = client.server if text is INPUT else client.staff
    await client.post(body, token)
    answer = await cheap(lambda _: client.post(body, token))
    assert answer.status == 200
    assert len(answer.body) < 20_000


BODIES = {
    "an array of requests": b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]',
    "1,000 requests": b"[" + b",".join([b'{"query": "{ __typename }"}'] * 1_000) + b"]",
    "JSON 100,000 deep": b'{"query": "{a}", "variables": {"a": ' + b"[" * 90_000,
    "objects 15,000 deep": b'{"query": "{a}", "variables": ' + b'{"a":' * 15_000,
    "a number of 90,000 digits": b'{"query": 1' + b"1" * 90_000 + b"}",
    "no UTF-8": b'{"query": "\xff\xfe"}',
    "half a surrogate": b'{"query": "{ a } # \\ud800"}',
    "a number": b"1",
    "a string": b'"x"',
    "null": b"null",
}


@pytest.mark.parametrize("name", BODIES)
async def test_bodies(client: Client, name: str) -> None:
    answer = await cheap(lambda _: client.post(BODIES[name], client.staff))
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_a_number_of_90_000_digits_as_a_variable(client: Client) -> None:
    text = "query ($a: Int) { members(first: $a) { nodes { id } } }"
    body = b'{"query": "%s", "variables": {"a": %s}}' % (text.encode(), b"1" * 90_000)
    answer = await cheap(lambda _: client.post(body, client.staff))
    assert answer.codes in (["BAD_REQUEST"], ["BAD_USER_INPUT"], ["COST_LIMIT_EXCEEDED"])


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_of_5_megabytes(client: Client, announced: bool) -> None:  # noqa: FBT001
    body = b'{"query": "{ __typename } #' + b"x" * 5_000_000 + b'"}'
    length = {"content-length": str(len(body))} if announced else {}
    answer = await cheap(lambda _: client.send("POST", "/graphql", body, {**JSON, **length}))
    assert (answer.status, answer.codes) == (413, ["PAYLOAD_TOO_LARGE"])


FORMS = {
    "application/x-www-form-urlencoded": b"query=%7B__typename%7D",
    "text/plain": b'{"query": "{ __typename }"}',
    "multipart/form-data; boundary=x": (
        b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'
        b'{"query": "{ __typename }"}\r\n--x--\r\n'
    ),
}


@pytest.mark.parametrize("kind", FORMS)
async def test_forms_of_another_site(client: Client, kind: str) -> None:
    answer = await cheap(
        lambda _: client.send("POST", "/graphql", FORMS[kind], {"content-type": kind})
    )
    assert (answer.status, answer.codes) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


QUERY = "query=%7B__typename%7D"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "image/avif,image/webp,*/*;q=0.8", "sec-fetch-site": "cross-site"},
        {"accept": "application/json", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"content-type": "text/plain"},
    ],
)
async def test_a_query_that_a_page_of_another_site_gets(
    client: Client, headers: dict[str, str]
) -> None:
    answer = await cheap(lambda _: client.send("GET", "/graphql", headers=headers, address=QUERY))
    assert (answer.status, answer.codes) == (400, ["PREFLIGHT_REQUIRED"])


async def test_a_mutation_over_get(client: Client) -> None:
    headers = {"authorization": f"Bearer {client.server}"}
    address = "query=mutation%7B__typename%7D"
    answer = await cheap(lambda _: client.send("GET", "/graphql", headers=headers, address=address))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ __schema { types { name } } }", "UNAUTHENTICATED"),
        ('{ __type(name: "Member") { name } }', "UNAUTHENTICATED"),
        ("{ mee { id } }", VALID),
        ("{ member(externalI: 1) { id } }", VALID),
    ],
)
async def test_a_stranger_learns_nothing_of_the_schema(
    production: Client, query: str, code: str
) -> None:
    answer = await cheap(lambda n: production.ask(f"{query}#{n}"))
    assert set(answer.codes) == {code}
    assert b"mean" not in answer.body


async def test_the_id_of_another_brands_member(client: Client, other: Client) -> None:
    await client.shop.buy(purchase("p1", "ana", 100, client.shop.clock.now()))
    found = await client.ask('{ memberBy(by: {externalId: "ana"}) { id } }', client.staff)
    key = found.data["memberBy"]["id"]
    text = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await client.ask(text, client.staff, id=key)).data["node"] == {"id": key}
    answer = await cheap(lambda _: other.ask(text, other.staff, id=key))
    assert answer.data == {"node": None}
