"""However long the lists are, an operation costs the same number of SQL statements."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLField
from starlette.applications import Starlette

from api.auth import Role
from api.graphql.schema import core
from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from tests.support import operations
from tests.support.boarding import CHANGES
from tests.support.callers import asker, may, narrow, token
from tests.support.client import Answer, Client, client_of
from tests.support.coherence import assert_coherent
from tests.support.company import GUEST
from tests.support.crowds import FEW, LEAVER, MANY, TWIN, Crowd, crowd
from tests.support.database import Rows, put_back, rows
from tests.support.family import entered, joined
from tests.support.following import asked
from tests.support.made_up import MadeUp
from tests.support.shop import opened_shop
from tests.support.statement_counts import STATEMENTS
from tests.support.statements import watched
from tests.support.tree import ROOT

# What the driver asks on a connection when it first meets a type belongs to no query.
LEARNING = re.compile(r"typeinfo_tree|current_setting\('jit'\)|set_config\('jit'")
SCHEMA = core()
SEED = 20260302
PAIRS = 50
LIMITS = {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "COST_LIMIT_EXCEEDED"}

TYPES = {
    "id": "ID!",
    "ids": "[ID!]!",
    "by": "MemberBy!",
    "brand": "String!",
    "code": "String!",
    "input": "PreviewPurchaseInput!",
}
CHOICES: dict[str, list[object]] = {
    "first": [2, 5, 10, MANY],
    "last": [2, 5, 10, MANY],
    "asOf": ["2026-02-21T00:00:00Z", "2026-02-25T00:00:00Z"],
    "category": ["table", "none"],
}
DEEPEST = 4
OTHERS = {
    *("HouseholdPerson.member", "Gift.other", "Referral.friend", "Referral.referrer"),
    "Redemption.member",
}
"""What leads on to members: whom one met on the way before, which is chance, is not read again.
Where every root is asked for all there is, what they meet is alike in both crowds."""
KEPT = {"Query.board", "Query.boards", "Member.boards", "Member.league"}
"""What a process keeps for a quarter of a second for all who ask: when it is read is chance."""
TRIES = 4
PAGE = 3
"""How many are asked for in lists within lists, so that it does not cost too much."""


@pytest.fixture(autouse=True)
def statements() -> Iterator[list[str]]:
    """Every statement of the test."""
    with watched() as seen:
        yield seen


@pytest.fixture(scope="module")
def shelf() -> list[tuple[Rows, list[Crowd]]]:
    """Where both crowds are kept from their first test on."""
    return []


@pytest.fixture
async def crowds(
    shelf: list[tuple[Rows, list[Crowd]]],
    admin: asyncpg.Connection,
    app: Starlette,
    runtime: Runtime,
    database: Database,
    clock: MovableClock,
) -> AsyncIterator[list[Crowd]]:
    """Two brands with the same programme, as they were made for the first test of all."""
    tokens = Tokens(runtime.settings)
    if not shelf:
        made = []
        for code, size in (("grocer", FEW), ("market", MANY)):
            text = (
                (ROOT / "programmes" / "grocer.toml").read_text().replace('"grocer"', f'"{code}"')
            )
            shop = await opened_shop(database, clock, text)
            made.append(await crowd(await client_of(app, shop, tokens), size))
        shelf.append((await rows(admin), made))
    kept, made = shelf[0]
    await put_back(admin, kept)
    yield [replace(each, client=here(each.client, app, clock, tokens)) for each in made]
    await assert_coherent(database)


def here(client: Client, app: Starlette, clock: MovableClock, tokens: Tokens) -> Client:
    """Return the client of another test as one of this test."""
    return replace(client, app=app, tokens=tokens, shop=replace(client.shop, clock=clock))


@pytest.fixture
def few(crowds: list[Crowd]) -> Crowd:
    return crowds[0]


@pytest.fixture
def many(crowds: list[Crowd]) -> Crowd:
    return crowds[1]


async def counted(
    statements: list[str], crowd: Crowd, role: Role, query: str, given: dict[str, Any]
) -> tuple[int, Answer]:
    used = {name: value for name, value in given.items() if f"${name}:" in query}
    statements.clear()
    answer = await asked(crowd.client, query, token(crowd.client, role, "m1"), **used)
    return len([each for each in statements if not LEARNING.search(each)]), answer


def sent(coordinate: str, crowd: Crowd) -> dict[str, Any]:
    """Return the input of a root field with a list as long as the crowd."""
    size = crowd.size
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
        "revokeStatus": {"grant": crowd.grant},
        "redeemReward": {"member": "m1", "reward": "coffee"},
        "cancelRedemption": {"redemption": crowd.held},
        "returnRedemption": {"redemption": crowd.done},
        "fulfilRedemptions": {"redemptions": [{"redemption": crowd.held}] * size},
        "approveRedemption": {"redemption": crowd.waiting},
        "declineRedemption": {"redemption": crowd.waiting, "reason": "a stolen card"},
        "changeStock": {"reward": "cooking-class", "units": "5", "reason": "a larger room"},
        "addPoolCodes": {"pool": "pool", "codes": [item["externalId"] for item in each]},
        "burnVoucher": {"code": crowd.code},
        "foundHousehold": {"member": "m2", "name": "Us"},
        "inviteToHousehold": {"member": "m0", "guest": GUEST},
        "answerInvitation": {
            "member": "m2",
            "invitation": crowd.company.invitation,
            "accept": True,
        },
        "leaveHousehold": {"member": "m0"},
        "removeFromHousehold": {"member": "m0", "person": crowd.company.person},
        "changeHouseholdRole": {"member": "m0", "person": crowd.company.person, "role": "CHILD"},
        "givePoints": {"member": "m1", "receiver": "m0", "points": "50"},
        "claimReferral": {"member": GUEST, "code": crowd.company.code},
        "reviewReferrals": {
            "reviews": [{"referral": crowd.company.referral, "accept": True}] * size
        },
        "mergeMembers": {"keep": "m1", "absorb": TWIN, "reason": "two cards"},
        "eraseMember": {"member": LEAVER, "reason": "asked"},
        **CHANGES,
        "previewPurchase": {"member": "m1", **bought},
        "joinChallenge": {"member": "m1", "challenge": "five-aisles"},
        "leaveChallenge": {"member": "m1", "challenge": "five-aisles"},
        "repairStreak": {"member": "m1", "streak": "weekly-shop"},
        "shareBadge": {"member": "m1", "award": crowd.award},
        "unshareBadge": {"member": "m1", "award": crowd.award},
        "awardBadge": {"member": "m1", "badge": "regular"},
        "revokeBadge": {"award": crowd.award, "reason": "a mistake"},
        "grantFreezes": {"member": "m1", "streak": "weekly-shop", "reason": "closed"},
        "retryPrize": {"prize": crowd.prize},
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
    values = {**operations.variables(types), "first": PAGE, f"{coordinate}(first:)": MANY}
    values |= {f"{root}.board(code:)": "spend" for root in ("Query", "Subscription")}
    short = ("first",) if "first" in step.field.args else ()
    texts = [
        operations.operation((step,), values, below, besides=("first",))
        for below in (
            operations.whole(SCHEMA, step, narrow(SCHEMA, role), values, deepest, besides=short)
            for deepest in range(DEEPEST, 0, -1)
        )
    ]
    counts = []
    for each in (few, many):
        given = each.given(role)
        if "input" in step.field.args:
            given["input"] = sent(coordinate, each)
        # As deep as the limits allow.
        for text in texts:
            query = operations.declared(text, types)
            number, answer = await counted(statements, each, role, query, given)
            if "data" in answer.json or not set(answer.codes) <= LIMITS:
                break
        assert answer.data[step.name]
        counts.append(number)
    assert counts[0] == counts[1]
    assert counts[0] == STATEMENTS.get(coordinate), "how many statements, whatever there is?"


async def test_a_household_of_any_size(statements: list[str], few: Crowd) -> None:
    people = "people { displayName role canSpend }"
    query = f"{{ me {{ household {{ spendable {people} }} gifts {{ nodes {{ otherName }} }} }} }}"
    # What a process reads of a brand once, it has read then.
    await counted(statements, few, Role.MEMBER, query, {})
    two, _ = await counted(statements, few, Role.MEMBER, query, {})
    await joined(few.client, *"abcd")
    for name in "abcd":
        await entered(few.client, "m0", name)
    six, answer = await counted(statements, few, Role.MEMBER, query, {})
    assert len(answer.data["me"]["household"]["people"]) == 6
    assert two == six == 9


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
        for each in (self.few, self.many):
            number, answer = await counted(self.statements, each, role, query, each.given(role))
            if "data" not in answer.json and set(answer.codes) <= LIMITS:
                return None
            assert answer.data is not None, query
            found.append(number)
        return found[0], found[1]


@pytest.fixture
def counter(statements: list[str], few: Crowd, many: Crowd) -> Counter:
    return Counter(statements, few, many)


def maker(role: Role, seed: int) -> MadeUp:
    allowed = may(role)

    def alone(coordinate: str, field: GraphQLField) -> bool:
        return coordinate not in OTHERS | KEPT and allowed(coordinate, field)

    return MadeUp(SCHEMA, alone, operations.variables(TYPES), CHOICES, Random(seed))


# Most by those who see most.
SHARES = {Role.MEMBER: 100, Role.SERVER: 100, Role.STAFF: 300}


@pytest.mark.parametrize("role", SHARES)
async def test_queries_made_up_by_chance(counter: Counter, role: Role) -> None:
    made = maker(role, SEED)
    asked_well = refused = 0
    while asked_well < SHARES[role]:
        root = made.root("a")
        counts = await counter.counts(role, root)
        if counts is None:
            refused += 1
            continue
        for _ in range(TRIES):
            # What a process keeps for a while may have run out between the two, and what is read
            # together depends on who comes first. One statement for each of many is always there.
            if counts[0] != counts[1]:
                counts = await counter.counts(role, root)
            assert counts is not None
        assert counts[0] == counts[1], root
        asked_well += 1
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
