"""Whatever way a caller goes through the graph, nothing of others comes into sight.

Members see themselves, servers and staff their brand. Everything else has a mark here: a name, an
id, a reference, an amount that nothing else has. No answer may hold one.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import pytest

from api.auth import Role
from api.graphql.limits import DEPTH_MAX
from api.graphql.schema import core
from domain.members.service import NewMember
from domain.wallets import queries as wallets
from domain.wallets.service import enrol
from kit.db import Session
from tests.support import operations
from tests.support.callers import SIGNED_IN, may, token
from tests.support.client import Answer, Client
from tests.support.following import asked
from tests.support.operations import Step, Values, Way
from tests.support.redeeming import done
from tests.support.shop import Shop, purchase

SCHEMA = core()
AT = datetime(2026, 2, 20, 9, tzinfo=UTC)
TRAILS_MAX = 2_000
AGAIN_MAX = 2
NIL = UUID(int=0)
TYPES = {
    "id": "ID!",
    "ids": "[ID!]!",
    "by": "MemberBy!",
    "after": "String",
    "before": "String",
}


@dataclass
class Person:
    """A member, and what gives them away."""

    shop: Shop
    external_id: str
    amount: int
    points: str
    key: UUID = NIL
    cursors: list[str] = field(default_factory=list)
    redemption: str = ""
    """The id of what was asked for, if the brand has rewards; ``code`` is the voucher's."""
    code: str = ""

    @property
    def name(self) -> str:
        return f"{self.shop.brand.code} calls me {self.external_id}"

    @property
    def bought(self) -> str:
        return f"bought-{self.shop.brand.code}-{self.external_id}"

    @property
    def marks(self) -> list[str]:
        spent = f"{self.amount / 100:.2f}"
        marks = [self.name, self.bought, spent, f'"{self.points}"', str(self.key), self.id]
        return [*marks, *(each for each in (self.redemption, self.code) if each)]

    @property
    def id(self) -> str:
        return encoded(f"Member:{self.key}")


@dataclass
class World:
    """Two brands: ana and ben are the grocer's members, another ana and bea the coffee house's."""

    client: Client
    ana: Person
    ben: Person
    strangers: list[Person]

    def others(self, role: Role) -> list[Person]:
        """Return whom a caller must not see."""
        return [*self.strangers, *([self.ben] if role is Role.MEMBER else [])]

    def marks(self, role: Role) -> list[str]:
        """Return what must never be in an answer to a caller."""
        brand = self.strangers[0].shop.brand
        # Its code is no mark: the grocer gives coffee away, too.
        marks = [brand.name, brand.time_zone, encoded(f"Brand:{brand.code}")]
        return marks + [mark for person in self.others(role) for mark in person.marks]

    @property
    def values(self) -> Values:
        """What the grocer's callers have every right to ask for."""
        return {
            **operations.USUAL,
            "id": self.ana.id,
            "ids": [self.ana.id, encoded("Brand:grocer")],
            "purchase": self.ana.bought,
            "code": self.ana.code,
            "redemption": self.ana.redemption,
        }


def encoded(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


async def settle_in(person: Person) -> None:
    """Enrol a person under their name and let them buy."""
    shop = person.shop

    async def work(session: Session) -> None:
        books = await wallets.books(session, shop.brand.id)
        assert books is not None
        newcomer = NewMember(person.external_id, AT, person.name)
        await enrol(session, AT, shop.brand, books, [newcomer])

    await shop.database.write(work)
    await shop.buy(purchase(person.bought, person.external_id, person.amount, AT))
    (person.key,) = await shop.member_ids(person.external_id)


@pytest.fixture
async def world(client: Client, other: Client) -> World:
    """Everybody, with a purchase each whose amounts nobody else has."""
    ana = Person(client.shop, "ana", 4_321_09, "4321")
    ben = Person(client.shop, "ben-the-neighbour", 5_678_12, "5678")
    strangers = [
        Person(other.shop, "ana", 123_45, "123.5"),
        Person(other.shop, "bea-the-stranger", 134_56, "134.6"),
    ]
    for person in (ana, ben, *strangers):
        await settle_in(person)
    for person in (ana, ben):
        await redeem(client, person)
    await read_cursors(client, ben)
    for person in strangers:
        await read_cursors(other, person)
    return World(client, ana, ben, strangers)


async def redeem(client: Client, person: Person) -> None:
    given = {"member": person.external_id, "reward": "coffee"}
    asked = (await done(client, "redeemReward", client.server, **given))["redemption"]
    person.redemption = asked["id"]
    (voucher,) = asked["vouchers"]
    person.code = voucher["code"]


async def read_cursors(client: Client, person: Person) -> None:
    query = """
    query ($id: ID!) {
      members { edges { cursor } }
      member(id: $id) { movements { edges { cursor } } }
    }
    """
    data = (await client.ask(query, client.staff, id=person.id)).data
    lists = data["members"], data["member"]["movements"]
    person.cursors = [each["edges"][0]["cursor"] for each in lists]


def leaks(answer: Answer, world: World, role: Role, sent: str) -> list[str]:
    """Return what is wrong with an answer; what was sent may come back."""
    text = answer.body.decode()
    found = [mark for mark in world.marks(role) if mark in text and mark.strip('"') not in sent]
    if answer.status >= 500 or "INTERNAL_SERVER_ERROR" in text:
        found.append(text[:500])
    return found


def chosen(trails: list[Way]) -> list[Way]:
    """Return all ways but those that go on below one more payload as they do below another."""
    first: dict[str, Step] = {}
    ways = []
    for way in trails:
        again = way[0].kind is SCHEMA.mutation_type and len(way) > 1
        kinds = operations.met(SCHEMA, way[1]) if again else []
        alike = kinds in (["Query"], ["Member"]) and len(way) > AGAIN_MAX
        if not alike or first.setdefault(kinds[0], way[0]) == way[0]:
            ways.append(way)
    return ways


@pytest.mark.parametrize("role", SIGNED_IN)
async def test_every_way_from_every_root(world: World, role: Role) -> None:
    trails = chosen(list(operations.trails(SCHEMA, may(role), DEPTH_MAX)))
    # What changes something comes after what shows how it was.
    trails.sort(key=lambda way: way[0].kind is SCHEMA.mutation_type)
    assert 10 < len(trails) < TRAILS_MAX, "the graph has grown: choose among its ways"
    seen = ""
    for way in trails:
        leaves = operations.leaves(SCHEMA, way[-1], may(role), world.values)
        query = operations.operation(way, world.values, leaves)
        answer = await asked(world.client, query, token(world.client, role))
        assert not leaks(answer, world, role, query), query
        assert answer.status == 200, (query, answer.body)
        seen += answer.body.decode()
    own = [mark for mark in world.ana.marks if mark != str(world.ana.key)]
    assert [mark for mark in own if mark not in seen] == []


def disguises(kind: str, key: str) -> Iterator[str]:
    """Return an id and everything that a careless reader might take for it."""
    true = encoded(f"{kind}:{key}")
    yield from (true, true + "=", true + "==", f" {true}", f"{true}\n", f"{true}\0", quote(true))
    yield from (true.lower(), true.upper(), true.swapcase(), true[:-1], true[1:], true * 2)
    yield from (base64.b64encode(f"{kind}:{key}".encode()).decode(), f"{kind}:{key}".encode().hex())
    kinds = (kind.lower(), kind.upper(), f" {kind}", "Node", "Brand", "Member", "Movement", "")
    yield from (encoded(f"{each}:{key}") for each in kinds)
    keys = (
        key.upper(),
        key.replace("-", ""),
        f"{{{key}}}",
        f"urn:uuid:{key}",
        f" {key}",
        f"{key} ",
    )
    yield from (encoded(f"{kind}:{each}") for each in (*keys, f"{key}\0", f"{key}' OR '1'='1", "*"))
    yield from (f"{kind}:{key}", key, key.upper(), f"{kind}/{key}", f'["{kind}","{key}"]')


def foreign_ids(world: World, role: Role) -> list[str]:
    people = [each for other in world.others(role) for each in disguises("Member", str(other.key))]
    brand = world.strangers[0].shop.brand
    return [*people, *disguises("Brand", brand.code), *disguises("Brand", str(brand.id))]


def foreign_names(world: World, role: Role) -> list[str]:
    names = [person.external_id for person in world.others(role)]
    twisted = [
        twist
        for name in names
        for twist in (
            name.upper(),
            f" {name}",
            f"{name} ",
            f"{name}\0",
            f"{name}%",
            name[:-1] + "_",
        )
    ]
    return [*names, *twisted, "%", "_", "' OR '1'='1", "coffee:ana", "coffee/bea-the-stranger"]


@dataclass(frozen=True)
class Try:
    """An argument's name and what a caller tries as its value, without any right to."""

    argument: str
    values: Values
    plain: bool = True
    """Whether it is the very value that leads to somebody, no disguise of it."""


def tries(world: World, role: Role) -> Iterator[Try]:
    ids = foreign_ids(world, role)
    true = {person.id for person in world.others(role)}
    for text in ids:
        yield Try("id", {"id": text, "by": {"id": text}}, text in true)
    for start in range(0, len(ids), 50):
        yield Try("ids", {"ids": ids[start : start + 50]})
    for name in foreign_names(world, role):
        yield Try("by", {"by": {"externalId": name}}, plain=False)
    for person in world.others(role):
        yield Try("by", {"by": {"id": person.id}})
        yield Try("input", {"purchase": person.bought})
        if person.redemption:
            yield Try("id", {"id": person.redemption})
            yield Try("input", {"redemption": person.redemption, "code": person.code})
        for cursor in person.cursors:
            yield Try("after", {"after": cursor})
            yield Try("before", {"before": cursor})


@pytest.mark.parametrize("role", SIGNED_IN)
async def test_ids_names_and_cursors_of_others(world: World, role: Role) -> None:
    """Try them wherever an argument of that name is, and below two payloads.

    What is tried comes as a variable: all tries at one place are one document, validated once.
    """
    ways = list(takers(role))
    documents: dict[object, str] = {}
    tried = set()
    for each in tries(world, role):
        types = {name: TYPES[name] for name in each.values if name in TYPES}
        values = {**world.values, **each.values, **operations.variables(types)}
        for way in ways:
            step, deep = way[-1], way[0].kind is SCHEMA.mutation_type
            if each.argument not in step.field.args or (deep and not each.plain):
                continue
            same = (way, each.argument, *types)
            if deep or not types or same not in documents:
                below = operations.whole(SCHEMA, step, may(role), values, 3)
                query = operations.operation(way, values, below, besides=(each.argument,))
                documents[same] = operations.declared(query, types)
            query = documents[same]
            given = {name: each.values[name] for name in types if f"${name}" in query}
            answer = await asked(world.client, query, token(world.client, role), **given)
            assert not leaks(answer, world, role, f"{query} {given}"), (query, given)
            tried.add(each.argument)
    assert tried >= {"id", "ids", "after", "before"}


def takers(role: Role) -> Iterator[Way]:
    """Return a way to each field with arguments, and through two payloads to each root."""
    shortest = operations.ways(SCHEMA, may(role))
    trails = operations.trails(SCHEMA, may(role), 4)
    again = [way for way in trails if operations.met(SCHEMA, way[-1]) == ["Query"]]
    for kind, way in shortest.items():
        for start in (way, *(again[:2] if kind == "Query" else ())):
            for step in operations.steps(SCHEMA, kind):
                if step.field.args and may(role)(step.coordinate, step.field):
                    yield (*start, step)


async def test_an_object_has_one_id(world: World) -> None:
    ids = [*disguises("Member", str(world.ana.key)), *disguises("Brand", "grocer")]
    query = "query ($id: ID!) { node(id: $id) { id } }"
    for text in ids:
        met = (await world.client.ask(query, world.client.staff, id=text)).data["node"]
        assert met in (None, {"id": text}), text
