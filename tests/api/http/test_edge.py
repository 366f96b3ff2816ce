"""Health, metrics, unknown addresses, production: what surrounds the endpoint."""

import asyncpg
import pytest

from api.runtime import Runtime
from api.tokens import Tokens
from tests.support.client import Client, client_of, on_valkey, serving
from tests.support.shop import Shop


async def test_healthy(client: Client) -> None:
    assert (await client.send("GET", "/healthz")).json == {"status": "alive"}
    answer = await client.send("GET", "/readyz")
    assert answer.status == 200
    assert answer.json == {"status": "ready", "database": "ready", "valkey": "ready"}


async def test_not_ready_without_the_newest_migration(
    client: Client, admin: asyncpg.Connection
) -> None:
    await admin.execute("ALTER TABLE alembic_version RENAME TO away")
    try:
        answer = await client.send("GET", "/readyz")
    finally:
        await admin.execute("ALTER TABLE away RENAME TO alembic_version")
    assert answer.status == 503
    assert answer.json["database"] == "not migrated: run `laurel migrate`"


async def test_ready_without_valkey(runtime: Runtime, grocer: Shop) -> None:
    assert grocer
    async with on_valkey(runtime) as without, serving(without) as app:
        client = await client_of(app, grocer, Tokens(runtime.settings))
        answer = await client.send("GET", "/readyz")
    assert (answer.status, answer.json["valkey"]) == (200, "away")


async def test_operations_are_counted_by_name(client: Client) -> None:
    await client.ask("query Counted { brand { code } }", client.staff)
    text = (await client.send("GET", "/metrics")).body.decode()
    assert (
        'laurel_graphql_operations_total{operation="Counted",outcome="ok",type="query"} 1.0' in text
    )
    assert 'laurel_graphql_operation_seconds_count{operation="Counted"} 1.0' in text
    assert "laurel_database_connections_in_use" in text


async def test_names_do_not_grow_the_counts_for_ever(client: Client) -> None:
    for number in range(300):
        await client.ask(f"query Name{number} {{ __typename }}", client.staff)
    text = (await client.send("GET", "/metrics")).body.decode()
    assert 'operation="other"' in text
    assert 'operation="Name299"' not in text


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing", "/static/../app.py", "/graphql/"])
async def test_addresses_with_nothing_behind(client: Client, path: str) -> None:
    answer = await client.send("GET", path)
    assert (answer.status, answer.codes) == (404, ["NOT_FOUND"])
    assert "x-request-id" in answer.headers


async def test_a_start_page_takes_no_posts(client: Client) -> None:
    answer = await client.send("POST", "/")
    assert (answer.status, answer.codes) == (405, ["METHOD_NOT_ALLOWED"])


async def test_production_hides_the_schema_from_strangers(production: Client) -> None:
    query = "{ __schema { queryType { name } } }"
    assert (await production.ask(query)).status == 401
    assert (await production.ask("{ __typename }")).data == {"__typename": "Query"}
    assert (await production.ask(query, production.staff)).status == 200


async def test_production_suggests_nothing(production: Client) -> None:
    (error,) = (await production.ask("{ brnd { code } }")).json["errors"]
    assert "brand" not in error["message"]


async def test_production_has_no_explorer(production: Client) -> None:
    answer = await production.send("GET", "/graphql", headers={"accept": "text/html"})
    assert answer.status == 406
    assert b"/graphql" not in (await production.send("GET", "/")).body.replace(
        b"schema.graphql", b""
    )
