"""However long the lists are, a query costs the same number of SQL statements."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.client import Client
from tests.support.shop import purchase
from tests.support.statements import watched

# What the driver asks on a connection when it first meets a type belongs to no query.
LEARNING = re.compile(r"typeinfo_tree|current_setting\('jit'\)|set_config\('jit'")
MEMBERS = """
query ($first: Int!) {
  members(first: $first) {
    nodes {
      id balance { total expiringNext { at } } tier { name next { name } }
      activity(first: 3) { nodes { points } }
    }
  }
}
"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Member { balance { total } } } }"
RECORD = """
mutation ($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) {
    outcomes { member { balance { total } tier { name } activity(first: 2) { nodes { code } } } }
  }
}
"""


@pytest.fixture(autouse=True)
def statements() -> Iterator[list[str]]:
    """Every statement of the test; it must begin before the first connection."""
    with watched() as seen:
        yield seen


@pytest.fixture
async def shop(statements: list[str], client: Client) -> Client:
    """Fifty members, a purchase each."""
    assert statements is not None
    at = datetime(2026, 2, 20, tzinfo=UTC)
    await client.shop.buy(*(purchase(f"p{n}", f"m{n}", 1_000 * n, at) for n in range(50)))
    return client


async def counted(statements: list[str], client: Client, query: str, **variables: object) -> int:
    statements.clear()
    token = client.server if "mutation" in query else client.staff
    assert (await client.ask(query, token, **variables)).data
    return len([each for each in statements if not LEARNING.search(each)])


async def test_a_list_of_members(statements: list[str], shop: Client) -> None:
    five = await counted(statements, shop, MEMBERS, first=5)
    assert five == await counted(statements, shop, MEMBERS, first=50)
    # One for the key; BEGIN, SELECT, COMMIT for members, balances, standings, programmes, activity.
    assert five == 1 + 5 * 3


async def test_many_nodes(statements: list[str], shop: Client) -> None:
    page = (await shop.ask("{ members(first: 50) { nodes { id } } }", shop.staff)).data["members"]
    ids = [each["id"] for each in page["nodes"]]
    two = await counted(statements, shop, NODES, ids=ids[:2])
    assert two == await counted(statements, shop, NODES, ids=ids)


async def test_many_purchases(statements: list[str], shop: Client) -> None:
    def given(key: str, count: int) -> dict[str, object]:
        purchases = [
            {
                "externalId": f"{key}-{number}",
                "member": f"m{number}",
                "occurredAt": "2026-03-01T00:00:00Z",
                "currency": "USD",
                "lines": [{"amount": "5"}],
            }
            for number in range(count)
        ]
        return {"idempotencyKey": key, "purchases": purchases}

    two = await counted(statements, shop, RECORD, input=given("two", 2))
    assert two == await counted(statements, shop, RECORD, input=given("fifty", 50))
