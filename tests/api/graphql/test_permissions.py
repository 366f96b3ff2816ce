"""Who may ask for what: the whole table, and that it holds over HTTP for every root field."""

import pytest

from api.auth import Role
from api.graphql.fields import allowed
from api.graphql.schema import core
from tests.support.client import Client

TABLE = {
    "Query.me": {Role.MEMBER},
    "Query.brand": {Role.MEMBER, Role.SERVER, Role.STAFF},
    "Query.member": {Role.SERVER, Role.STAFF},
    "Query.memberBy": {Role.SERVER, Role.STAFF},
    "Query.members": {Role.STAFF},
    "Query.figures": {Role.STAFF},
    "Query.node": {Role.MEMBER, Role.SERVER, Role.STAFF},
    "Query.nodes": {Role.MEMBER, Role.SERVER, Role.STAFF},
    "Mutation.recordPurchases": {Role.SERVER},
    "Mutation.refundPurchase": {Role.SERVER, Role.STAFF},
}
BOUGHT = '{idempotencyKey: "k", purchases: []}'
REFUND = '{idempotencyKey: "k", externalId: "r", purchase: "p", occurredAt: "2026-03-01T00:00:00Z"}'
OPERATIONS = {
    "Query.me": "{ me { id } }",
    "Query.brand": "{ brand { id } }",
    "Query.member": '{ member(id: "x") { id } }',
    "Query.memberBy": '{ memberBy(by: {externalId: "ana"}) { id } }',
    "Query.members": "{ members { nodes { id } } }",
    "Query.figures": "{ figures { members } }",
    "Query.node": '{ node(id: "x") { id } }',
    "Query.nodes": '{ nodes(ids: ["x"]) { id } }',
    "Mutation.recordPurchases": f"mutation {{ recordPurchases(input: {BOUGHT}) {{__typename}} }}",
    "Mutation.refundPurchase": f"mutation {{ refundPurchase(input: {REFUND}) {{ __typename }} }}",
}


def credentials(client: Client, role: Role) -> str:
    return {
        Role.ANONYMOUS: "",
        Role.MEMBER: client.member("ana"),
        Role.SERVER: client.server,
        Role.STAFF: client.staff,
    }[role]


def test_the_table_is_what_the_schema_declares() -> None:
    schema = core()
    declared = {
        f"{root.name}.{name}": allowed(field)
        for root in (schema.query_type, schema.mutation_type)
        if root
        for name, field in root.fields.items()
    }
    assert declared == TABLE
    assert set(OPERATIONS) == set(TABLE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("coordinate", TABLE)
async def test_a_root_field_is_for_those_whom_it_names(
    client: Client, coordinate: str, role: Role
) -> None:
    answer = await client.ask(OPERATIONS[coordinate], credentials(client, role))
    if role in TABLE[coordinate]:
        assert (answer.status, "errors" in answer.json) == (200, False)
    elif role is Role.ANONYMOUS:
        assert (answer.status, answer.codes[0]) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert (answer.status, answer.codes[0]) == (403, "FORBIDDEN")
        assert "data" not in answer.json


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
