"""Who may ask for what: the whole table, and that it holds over HTTP for every field."""

import pytest

from api.auth import Role
from api.graphql import permissions
from api.graphql.permissions import Access
from api.graphql.schema import core
from tests.support import operations
from tests.support.callers import may, token
from tests.support.client import Answer, Client
from tests.support.following import asked
from tests.support.operations import Values, Way
from tests.support.shop import purchase
from tests.support.tree import ROOT

PAGE = ROOT / "docs" / "api-permissions.md"
SCHEMA = core()
TABLE = permissions.table(SCHEMA)
ANYWHERE = operations.ways(SCHEMA, operations.anything)


def test_the_page_is_current() -> None:
    said = "run: laurel schema permissions > docs/api-permissions.md"
    assert PAGE.read_text() == permissions.page(SCHEMA), said


def test_every_field_is_in_the_table() -> None:
    assert {step.coordinate for name in ANYWHERE for step in operations.steps(SCHEMA, name)} == (
        set(TABLE)
    )


def way_to(coordinate: str, by_role: dict[str, Way]) -> Way:
    """Return a way to the field that is allowed as far as possible."""
    kind, _, name = coordinate.partition(".")
    (step,) = (each for each in operations.steps(SCHEMA, kind) if each.name == name)
    return (*by_role.get(kind, ANYWHERE[kind]), step)


@pytest.fixture
async def values(client: Client) -> Values:
    """Ana, who bought something."""
    await client.shop.buy(purchase("p1", "ana", 50_000, client.shop.clock.now()))
    (ana,) = (await client.ask("{ me { id } }", client.member("ana"))).data.values()
    return {**operations.USUAL, "id": ana["id"], "ids": [ana["id"]]}


@pytest.mark.parametrize("role", Role)
async def test_every_field(client: Client, values: Values, role: Role) -> None:
    reached = operations.ways(SCHEMA, may(role))
    wrong = []
    for coordinate, by_role in TABLE.items():
        way = way_to(coordinate, reached)
        answer = await asked(client, operations.operation(way, values), token(client, role))
        judged = ran(answer) if by_role[role] is Access.YES else refused(answer, role, coordinate)
        if not judged:
            wrong.append((coordinate, answer.status, answer.body[:300]))
    assert not wrong


def ran(answer: Answer) -> bool:
    return answer.status == 200 and "errors" not in answer.json


def refused(answer: Answer, role: Role, coordinate: str) -> bool:
    if role is Role.ANONYMOUS:
        told = (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
        told = told and answer.headers["www-authenticate"] == "Bearer"
    else:
        told = answer.status == 403 and set(answer.codes) == {"FORBIDDEN"}
        if TABLE[coordinate][role] is Access.NO:
            said = " ".join(each["message"] for each in answer.json["errors"])
            told = told and coordinate in said
    return told and "data" not in answer.json


async def test_fragments_hide_nothing(client: Client) -> None:
    hidden = """
    query A { ...all }
    fragment all on Query { ...staff }
    fragment staff on Query { ... @include(if: true) { members { nodes { id } } } }
    """
    answer = await client.ask(hidden, client.member("ana"))
    assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])


async def test_only_the_operation_that_runs_is_judged(client: Client) -> None:
    both = "query Mine { me { id } } query Theirs { members { nodes { id } } }"
    body = {"query": both, "operationName": "Mine"}
    assert (await client.post(body, client.member("ana"))).data == {"me": None}
    body["operationName"] = "Theirs"
    assert (await client.post(body, client.member("ana"))).status == 403


async def test_a_refused_field_leaves_no_mutation_half_done(client: Client) -> None:
    mutation = """
    mutation Both($input: RecordPurchasesInput!) {
      recordPurchases(input: $input) { query { members { nodes { id } } } }
    }
    """
    given = {
        "idempotencyKey": "k",
        "purchases": [
            {
                "externalId": "p1",
                "member": "ana",
                "occurredAt": "2026-03-01T00:00:00Z",
                "currency": "USD",
                "lines": [{"amount": "5"}],
            }
        ],
    }
    answer = await client.ask(mutation, client.server, input=given)
    assert answer.status == 403
    assert (await client.ask("{ figures { purchases } }", client.staff)).data == {
        "figures": {"purchases": "0"}
    }
