"""Conventions that answers show: what is capped, and that a node is the same wherever it is met."""

from datetime import timedelta

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    get_named_type,
)

from api.auth import Role
from api.graphql.schema import core
from domain.earning.rules import Line, Purchase
from domain.members.service import NewMember
from tests.support import operations
from tests.support.callers import SIGNED_IN, asker, granted, may, narrow, token
from tests.support.client import Client
from tests.support.family import done as sent
from tests.support.family import founded, invited, joined
from tests.support.games import Games
from tests.support.inputs import caps, inputs, name_of
from tests.support.operations import Raw, Step, Values
from tests.support.redeeming import done
from tests.support.shop import purchase

SCHEMA = core()
ROOTS = operations.roots(SCHEMA)
INPUTS = inputs(SCHEMA)
CAPS = caps(SCHEMA)
LENGTH_MAX = 2_000
"""Longer documents may have more tokens, or cost more, than is allowed."""


@pytest.fixture
async def values(client: Client) -> Values:
    """Ana, who bought something, was given a tier and has to do with others."""
    await client.shop.buy(purchase("p1", "ana", 500_000, client.shop.clock.now()))
    await granted(client, "ana", "Rouge")
    asked = await done(client, "redeemReward", client.server, member="ana", reward="coffee")
    (voucher,) = asked["redemption"]["vouchers"]
    ana = (await client.ask("{ me { id } }", client.member("ana"))).data["me"]["id"]
    await acquainted(client, "ana")
    await played(client, "ana")
    known = {"id": ana, "ids": [ana], "first": 1, "code": voucher["code"]}
    return {**operations.USUAL, **known}


async def played(client: Client, name: str) -> None:
    """Let somebody win what can be won, and be flagged for buying too often."""
    now = client.shop.clock.now()
    lines = tuple(Line(amount=100, category=each) for each in "ABCDE")
    at = [now - timedelta(minutes=5 * each) for each in range(11)]
    await client.shop.buy(
        Purchase("aisles", name, now, "USD", lines),
        *(purchase(f"often{each}", name, 100, each) for each in at),
    )
    await Games(client.shop).heard()


async def acquainted(client: Client, name: str) -> None:
    """Let somebody have everything that members have with others."""
    now = client.shop.clock.now()
    await joined(client, "ben", "cid", "fay")
    await client.shop.enrol(
        *(NewMember(each, now, each, attributes={"device": "one"}) for each in ("dan", "eva"))
    )
    await founded(client, name, "ben")
    await founded(client, "cid")
    await invited(client, "cid", name)
    given = {"receiver": "ben", "points": "50"}
    assert (await sent(client, client.member(name), "givePoints", **given))["errors"] == []
    # Two who share a device: staff have to look at the second one.
    for referrer, friend in (("fay", name), (name, "dan"), (name, "eva")):
        query = "{ me { referralCode } }"
        code = (await client.ask(query, client.member(referrer))).data["me"]["referralCode"]
        payload = await sent(client, client.member(friend), "claimReferral", code=code)
        assert payload["errors"] == []


def taker(coordinate: str) -> operations.Way:
    """Return a way to a field that takes an argument, or an input with that field in it."""
    asked, _, name = coordinate.partition("(")
    if not name:
        return (next(each for each in ROOTS.values() if leads(each, coordinate)),)
    if asked in ROOTS:
        return (ROOTS[asked],)
    kind, _, field = asked.partition(".")
    (step,) = (each for each in operations.steps(SCHEMA, kind) if each.name == field)
    return (*operations.ways(SCHEMA, may(asker(step)))[kind], step)


def leads(step: Step, coordinate: str) -> bool:
    waiting, met = [get_named_type(each.type) for each in step.field.args.values()], set()
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, GraphQLInputObjectType) and kind.name not in met:
            met.add(kind.name)
            waiting += [get_named_type(each.type) for each in kind.fields.values()]
    return coordinate.partition(".")[0] in met


@pytest.mark.parametrize("coordinate", [each for each in CAPS if CAPS[each]])
async def test_lists_that_are_sent_are_no_longer(
    client: Client, values: Values, coordinate: str
) -> None:
    way, part = taker(coordinate), INPUTS[coordinate]
    step = way[-1]
    listed = operations.value(coordinate, name_of(coordinate), part, values)
    assert isinstance(listed, list)
    # Deep enough for what is said of one item, and no more: lists of objects cost.
    deepest = 3 if "input" in step.field.args else 1
    below = operations.whole(SCHEMA, step, narrow(SCHEMA, asker(step)), values, deepest)
    given = {**values, coordinate: Raw("$list")}
    for longer in (False, True):
        # Deeper on the way, the argument is given only if it is named.
        text = operations.operation(way, given, below, besides=(name_of(coordinate),))
        text = operations.declared(text, {"list": str(part.type)})
        items = listed[:1] * (CAPS[coordinate] + longer)
        answer = await client.ask(text, token(client, asker(step)), list=items)
        assert ("TOO_MANY_" in answer.body.decode()) == longer, answer.body[:500]


NODE = SCHEMA.type_map["Node"]
assert isinstance(NODE, GraphQLInterfaceType)
NODES = [each.name for each in SCHEMA.get_implementations(NODE).objects]


def way_to_node(kind: str, role: Role) -> operations.Way | None:
    """Return a way to a type that does not lead through `node` itself and changes nothing."""

    def otherwise(coordinate: str, asked: GraphQLField) -> bool:
        if coordinate.startswith("Mutation.") or coordinate in {"Query.node", "Query.nodes"}:
            return False
        return may(role)(coordinate, asked)

    return operations.ways(SCHEMA, otherwise).get(kind)


@pytest.mark.parametrize("role", SIGNED_IN)
@pytest.mark.parametrize("kind", NODES)
async def test_every_node_is_fetched_again_as_it_was(
    client: Client, values: Values, kind: str, role: Role
) -> None:
    way = way_to_node(kind, role)
    if way is None:
        pytest.skip(f"no way leads {role.value} to a {kind}")

    credentials = token(client, role)
    everything, deepest = "", 5
    while not everything or len(everything) > LENGTH_MAX:
        everything = operations.whole(SCHEMA, way[-1], narrow(SCHEMA, role), values, deepest)
        deepest -= 1
    met = (await client.ask(operations.operation(way, values, everything), credentials)).data
    for step in way:
        met = met[step.name]
        met = met[0] if isinstance(met, list) else met
    assert met["__typename"] == kind
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {everything} }} }} }}"
    again = (await client.ask(query, credentials, id=met["id"])).data["node"]
    assert again == met
