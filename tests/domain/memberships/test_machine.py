"""Whatever members do, merge and forget, nothing is lost, and each is who a single one would be."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from api.sections import SECTIONS
from domain.earning.queries_history import histories
from domain.earning.rules_refund_request import Refund
from domain.gifts.rules import NewGift
from domain.ledger.rules import Kind, Resolution
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from domain.tiers.queries import standings
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.merging import codes, erased, erasing, merged, merging
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.spending import back, give_back

NAMES = ("ann", "ben", "cas", "dan")
STEPS = 45
GIVING = f"{GOOD}\n[gifts]\n"
ENDING = GIVING.replace(
    'expires = "never"',
    'expires = { months = 1, after = "activity" }\nnegative_balance = "collect"',
)
ALONE = GOOD.replace('code = "shop"', 'code = "alone"')


@dataclass
class World:
    """A shop, a second one in which everybody has one card only, and who is who by now."""

    shop: Shop
    alone: Shop
    random: Random
    people: dict[str, str] = field(default_factory=dict)
    """Who holds which card: by the name in the second shop."""
    bought: list[tuple[str, str, int]] = field(default_factory=list)
    """The purchase, the card, and how much of it can still be returned."""
    owners: dict[str, str] = field(default_factory=dict)
    """By whom each purchase was made, under the name of the first time."""
    joined: dict[str, str] = field(default_factory=dict)
    spent: list[tuple[int, int]] = field(default_factory=list)
    number: int = 0

    def person(self, name: str) -> str:
        """Return who somebody is by now."""
        while name in self.joined:
            name = self.joined[name]
        return name

    def next(self) -> str:
        """Return a new name for something."""
        self.number += 1
        return f"{self.number}"


async def buy(world: World) -> None:
    card, name = world.random.choice(NAMES), world.next()
    amount = world.random.choice((5_00, 90_00, 200_00))
    now = world.shop.clock.now()
    (done,) = await world.shop.buy(purchase(name, card, amount, now))
    assert done.status == "recorded", done
    world.people.setdefault(card, f"{card} {name}")
    world.owners[name] = world.people[card]
    world.bought.append((name, card, amount))


async def refund(world: World) -> None:
    if world.bought:
        name, _, amount = world.bought.pop(world.random.randrange(len(world.bought)))
        (done,) = await world.shop.refund(
            Refund(world.next(), name, world.shop.clock.now(), amount)
        )
        assert done.status == "recorded", done
        world.owners.pop(name)


async def spend(world: World) -> None:
    card = world.random.choice(NAMES)
    if card not in world.people:
        return
    has = (await world.shop.balance(card)).spendable
    if has < 4:
        return
    (member,) = await world.shop.member_ids(card)
    now = world.shop.clock.now()
    points = world.random.randint(2, has // 2)
    wanted = Hold(new_id(), member, points, now + timedelta(days=9), "tea")
    (held,) = await world.shop.hold(wanted)
    assert held.hold_id is not None
    if world.random.random() < 0.8:
        kind = world.random.choice((Kind.POST, Kind.POST, Kind.VOID))
        await world.shop.settle(Resolution(new_id(), held.hold_id, kind, "redemption"))
        if kind is Kind.POST:
            world.spent.append((held.hold_id, points))


async def undo(world: World) -> None:
    if world.spent:
        hold, points = world.spent.pop(world.random.randrange(len(world.spent)))
        (done,) = await give_back(world.shop, back(hold, points))
        assert done.code is None, done


async def give(world: World) -> None:
    giver, receiver = world.random.sample(NAMES, 2)
    gift = NewGift(world.next(), giver, receiver, world.random.randint(1, 60))
    (done,) = await world.shop.give(gift)
    allowed = {None, "UNKNOWN_MEMBER", "SAME_MEMBER", "INSUFFICIENT_POINTS"}
    assert done.code in allowed, done


async def merge(world: World) -> None:
    keep, absorb = world.random.sample(NAMES, 2)
    (code,) = codes(await merged(world.shop, merging(keep, absorb, world.next())))
    if code is None:
        kept, gone = world.person(world.people[keep]), world.person(world.people[absorb])
        assert kept != gone
        world.joined[gone] = kept
    else:
        assert code in {"UNKNOWN_MEMBER", "ALREADY_MERGED", "HAS_OPEN_HOLDS"}, code


async def forget(world: World) -> None:
    card = world.random.choice(NAMES)
    (code,) = codes(await erased(world.shop, erasing(card, world.next())))
    assert code == (None if card in world.people else "UNKNOWN_MEMBER")
    if code is None:
        who = world.person(world.people[card])
        world.people = {
            each: person for each, person in world.people.items() if world.person(person) != who
        }


async def wait(world: World) -> None:
    world.shop.clock.move(timedelta(days=world.random.choice((1, 12, 40))))


STEP = (*(buy,) * 6, refund, refund, spend, spend, undo, give, give, merge, merge, forget, wait)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("programme", [GIVING, ENDING], ids=["for good", "ending"])
async def test_nothing_is_lost_and_tiers_are_those_of_one_person(
    database: Database, clock: MovableClock, programme: str, seed: int
) -> None:
    shop = await opened_shop(database, clock, programme)
    world = World(shop, await opened_shop(database, clock, ALONE), Random(seed))
    for _ in range(STEPS):
        await world.random.choice(STEP)(world)
    await assert_coherent(database)
    await assert_conserved(world)
    await assert_alike(world)


async def assert_conserved(world: World) -> None:
    shop = world.shop
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        told = await figures(session, shop.brand, timeline, shop.clock.now())
        has = await session.value(
            "SELECT coalesce(sum(b.cr - b.dr), 0) FROM wallet JOIN balance b USING (account_id)"
            " WHERE brand_id = $1",
            shop.brand.id,
        )
        gone = await session.value(
            "SELECT count(*) FROM lot JOIN wallet w USING (account_id) WHERE lot.remaining > 0"
            " AND (w.merged_into IS NOT NULL OR w.erased_at IS NOT NULL)"
        )
    assert told.points_outstanding == has
    assert gone == 0


async def assert_alike(world: World) -> None:
    """Compare with a shop in which whoever turned out to be one person was that all along."""
    shop, alone = world.shop, world.alone
    async with shop.database.read() as session:
        rows = await session.fetch(
            "SELECT external_id, occurred_at, amount FROM purchase WHERE brand_id = $1"
            " ORDER BY recorded_at, external_id",
            shop.brand.id,
        )
    kept = [row for row in rows if row["external_id"] in world.owners]
    for row in kept:
        who = world.person(world.owners[row["external_id"]])
        await alone.buy(purchase(row["external_id"], who, row["amount"], row["occurred_at"]))
    names = {card: world.person(person) for card, person in world.people.items()}
    for card, who in names.items():
        mine = {row["external_id"] for row in kept if world.person(world.owners[row[0]]) == who}
        if mine:
            assert await place(shop, card) == await place(alone, who)
        assert await did(shop, card) == mine


async def place(shop: Shop, name: str) -> list[object]:
    (member,) = await shop.member_ids(name)
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        now = shop.clock.now()
        found = await standings(session, now, shop.brand, timeline, [member])
    return [(each.tier, each.progress, each.missing) for each in found[member].values()]


async def did(shop: Shop, name: str) -> set[str]:
    (member,) = await shop.member_ids(name)
    async with shop.database.read() as session:
        found = await histories(session, shop.brand.id, [member])
    return {each.external_id for each in found[member] if each.counts}
