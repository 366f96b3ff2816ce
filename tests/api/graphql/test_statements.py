"""However long the lists are, an operation costs the same number of SQL statements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from starlette.applications import Starlette

from api.auth import Role
from api.graphql.schema import core
from api.runtime import Runtime
from api.tokens import Tokens
from domain.earning.rules import Purchase
from kit.clock import MovableClock
from kit.db import Database
from tests.support import operations
from tests.support.callers import asker, granted, may, narrow, token
from tests.support.client import Answer, Client, client_of
from tests.support.following import asked
from tests.support.made_up import MadeUp
from tests.support.shop import cents, opened_shop, purchase
from tests.support.statements import watched
from tests.support.tree import ROOT

# What the driver asks on a connection when it first meets a type belongs to no query.
LEARNING = re.compile(r"typeinfo_tree|current_setting\('jit'\)|set_config\('jit'")
SCHEMA = core()
FEW, MANY = 3, 40
SEED = 20260302
PAIRS = 50
LIMITS = {"GRAPHQL_VALIDATION_FAILED", "COST_LIMIT_EXCEEDED"}
AT = datetime(2026, 2, 20, tzinfo=UTC)

STATEMENTS = {
    "Query.me": 8,
    "Query.brand": 1,
    "Query.programme": 5,
    "Query.member": 9,
    "Query.memberBy": 9,
    "Query.members": 10,
    "Query.figures": 12,
    "Query.programmeVersions": 5,
    "Query.previewPurchase": 8,
    "Query.node": 9,
    "Query.nodes": 9,
    "Subscription.me": 11,
    "Mutation.recordPurchases": 26,
    "Mutation.recordActivities": 23,
    "Mutation.refundPurchase": 31,
    "Mutation.enrolMembers": 20,
    "Mutation.amendMembers": 23,
    "Mutation.releasePoints": 18,
    "Mutation.adjustPoints": 29,
    "Mutation.grantStatus": 23,
    "Mutation.revokeStatus": 24,
}
"""What everything below a root field costs, whatever there is: a new field belongs here."""

TYPES = {
    "id": "ID!",
    "ids": "[ID!]!",
    "by": "MemberBy!",
    "brand": "String!",
    "input": "PreviewPurchaseInput!",
}
CHOICES: dict[str, list[object]] = {
    "first": [2, 5, 10, MANY],
    "last": [2, 5, 10, MANY],
    "asOf": ["2026-02-21T00:00:00Z", "2026-02-25T00:00:00Z"],
}


@pytest.fixture(autouse=True)
def statements() -> Iterator[list[str]]:
    """Every statement of the test; it must begin before the first connection."""
    with watched() as seen:
        yield seen


@dataclass
class Crowd:
    """A brand with so many members, each with some purchases."""

    client: Client
    size: int
    ids: list[str]
    grant: str
    own: str
    """The id of m1, the one member who asks."""

    def given(self, role: Role) -> dict[str, Any]:
        """Return the variables with which such a caller asks for this brand's members."""
        whose = {} if role is Role.MEMBER else {"member": "m1"}
        return {
            "input": {**whose, "currency": "USD", "lines": [{"amount": "9.00"}] * self.size},
            "id": self.own,
            "ids": self.ids,
            "by": {"externalId": "m1"},
            "brand": self.client.shop.brand.code,
        }


async def crowd(client: Client, size: int) -> Crowd:
    each = (1, 2, 3, 4) if size == MANY else (1, 2)
    bought = [
        purchase(f"p{person}-{number}", f"m{person}", 1_000 * person, AT + timedelta(hours=number))
        for person in range(size)
        for number in each
    ]
    wide = Purchase("wide", "m1", AT, "USD", cents([1_000] * size))
    await client.shop.buy(*bought, wide)
    page = await client.ask("{ members(first: 100) { nodes { id } } }", client.staff)
    ids = [node["id"] for node in page.data["members"]["nodes"]]
    assert len(ids) == size
    own = (await client.ask("{ me { id } }", client.member("m1"))).data["me"]["id"]
    return Crowd(client, size, ids, await granted(client, "m1", "Rouge"), own)


@pytest.fixture
async def few(statements: list[str], client: Client) -> Crowd:
    assert statements is not None
    return await crowd(client, FEW)


@pytest.fixture
async def many(
    few: Crowd, app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> Crowd:
    """Another brand with the same programme."""
    assert few.size == FEW
    text = (ROOT / "programmes" / "grocer.toml").read_text().replace('"grocer"', '"market"')
    shop = await opened_shop(database, clock, text)
    return await crowd(await client_of(app, shop, Tokens(runtime.settings)), MANY)


async def counted(
    statements: list[str], crowd: Crowd, role: Role, query: str, given: dict[str, Any]
) -> tuple[int, Answer]:
    used = {name: value for name, value in given.items() if f"${name}:" in query}
    statements.clear()
    answer = await asked(crowd.client, query, token(crowd.client, role, "m1"), **used)
    return len([each for each in statements if not LEARNING.search(each)]), answer


def sent(coordinate: str, size: int, grant: str) -> dict[str, Any]:
    """Return the input of a root field with a list of this length."""
    key, at = operations.fresh(), "2026-03-01T00:00:00Z"
    bought = {"currency": "USD", "lines": [{"amount": "1.00"}] * size}
    each = [{"externalId": f"{key}-{n}", "member": f"m{n}", "occurredAt": at} for n in range(size)]
    said = [{"name": "stars", "value": {"number": "5"}}]
    given: dict[str, dict[str, Any]] = {
        "recordPurchases": {"purchases": [item | bought for item in each]},
        "recordActivities": {
            "activities": [{**item, "kind": "review", "attributes": said} for item in each]
        },
        "refundPurchase": {
            "externalId": key,
            "purchase": "wide",
            "occurredAt": at,
            "lines": [{"line": number, "amount": "1.00"} for number in range(size)],
        },
        "enrolMembers": {"members": [{"externalId": item["externalId"]} for item in each]},
        "amendMembers": {
            "members": [
                {"member": item["member"], "region": "CA-ON", "attributes": said} for item in each
            ]
        },
        "releasePoints": {"earnings": [{"purchase": f"p{number}-1"} for number in range(size)]},
        "adjustPoints": {"member": "m1", "points": "5", "reason": "a gift", "qualifies": True},
        "grantStatus": {"member": "m1", "tier": "VIB", "reason": "a partner"},
        "revokeStatus": {"grant": grant},
        "previewPurchase": {"member": "m1", **bought},
    }
    root, _, name = coordinate.partition(".")
    return given[name] | ({"idempotencyKey": key} if root == "Mutation" else {})


@pytest.mark.parametrize("coordinate", operations.roots(SCHEMA))
async def test_every_root_field(
    statements: list[str], few: Crowd, many: Crowd, coordinate: str
) -> None:
    step = operations.roots(SCHEMA)[coordinate]
    role = asker(step)
    types = dict(TYPES)
    if "input" in step.field.args:
        types["input"] = str(step.field.args["input"].type)
    values = {**operations.variables(types), "first": MANY}
    below = operations.whole(SCHEMA, step, narrow(SCHEMA, role), values, 4)
    text = operations.operation((step,), values, below, besides=("first",))
    counts = []
    for each in (few, many):
        given = each.given(role)
        if "input" in step.field.args:
            given["input"] = sent(coordinate, each.size, each.grant)
        query = operations.declared(text, types)
        number, answer = await counted(statements, each, role, query, given)
        assert answer.data[step.name]
        counts.append(number)
    assert counts[0] == counts[1]
    assert counts[0] == STATEMENTS.get(coordinate), "how many statements, whatever there is?"


@dataclass
class Counter:
    """Asks both brands the same and counts."""

    statements: list[str]
    few: Crowd
    many: Crowd

    async def counts(self, role: Role, *roots: str) -> tuple[int, int] | None:
        """Return how many statements it took each, None if a limit forbids to ask."""
        query = operations.declared(f"query {{ {' '.join(roots)} }}", TYPES)
        found = []
        for crowd in (self.few, self.many):
            number, answer = await counted(self.statements, crowd, role, query, crowd.given(role))
            if "data" not in answer.json and set(answer.codes) <= LIMITS:
                return None
            assert answer.data is not None, query
            found.append(number)
        return found[0], found[1]


@pytest.fixture
def counter(statements: list[str], few: Crowd, many: Crowd) -> Counter:
    return Counter(statements, few, many)


def maker(role: Role, seed: int) -> MadeUp:
    return MadeUp(SCHEMA, may(role), operations.variables(TYPES), CHOICES, Random(seed))


# Most by those who see most.
SHARES = {Role.MEMBER: 100, Role.SERVER: 100, Role.STAFF: 300}


@pytest.mark.parametrize("role", SHARES)
async def test_queries_made_up_by_chance(counter: Counter, role: Role) -> None:
    made = maker(role, SEED)
    done = refused = 0
    while done < SHARES[role]:
        root = made.root("a")
        counts = await counter.counts(role, root)
        if counts is None:
            refused += 1
            continue
        assert counts[0] == counts[1], root
        done += 1
    assert refused < 2 * SHARES[role]


async def test_two_roots_take_no_more_than_each_alone(counter: Counter) -> None:
    """They take less where what one needs was read for the other: that depends on who it is."""
    made = maker(Role.STAFF, SEED + 1)
    for _ in range(PAIRS):
        roots = [made.root(alias) for alias in ("a", "b")]
        alone = [await counter.counts(Role.STAFF, root) for root in roots]
        together = await counter.counts(Role.STAFF, *roots)
        if together is not None and alone[0] is not None and alone[1] is not None:
            assert max(together) <= alone[0][0] + alone[1][0], roots
