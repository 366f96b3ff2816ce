"""The same events one by one, in lists, and in several lists at once lead to the same books."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_refund_request import Refund
from domain.members.service import NewMember
from kit.clock import MovableClock
from kit.db import Database
from tests.flows.test_rules_of_a_programme import RICH
from tests.support.coherence import assert_coherent
from tests.support.shop import Shop, opened_shop

MEMBERS = ("ann", "bob", "cid")
STATE = """
SELECT concat_ws(',', 'lot', m.external_id, l.earned_at, l.available_at,
                 CASE WHEN l.remaining > 0 THEN l.expires_at END, w.rule, w.part, l.amount,
                 l.remaining)
FROM lot l JOIN award w USING (journal_id) JOIN wallet x USING (account_id)
JOIN member m ON m.id = x.member_id WHERE m.brand_id = $1
UNION ALL
SELECT concat_ws(',', 'tally', m.external_id, t.kind, t.day, t.amount, t.points, t.count)
FROM tally t JOIN member m ON m.id = t.member_id WHERE m.brand_id = $1
UNION ALL
SELECT concat_ws(',', 'cap', m.external_id, c.cap, c.starts_at, c.used)
FROM cap_use c JOIN member m ON m.id = c.member_id WHERE m.brand_id = $1
ORDER BY 1
"""


def events(seed: int, now: datetime) -> list[Purchase | Activity | Refund]:
    random = Random(seed)
    found: list[Purchase | Activity | Refund] = []
    at = now - timedelta(days=200)
    for number in range(60):
        at += timedelta(hours=random.randrange(1, 150))
        member = random.choice(MEMBERS)
        bought = [each for each in found if isinstance(each, Purchase) and each.amount]
        what = random.random()
        if what < 0.6 or not bought:
            lines = tuple(
                Line(random.randrange(0, 9_000), category=random.choice(("", "tea")))
                for _ in range(random.randrange(1, 4))
            )
            found.append(Purchase(f"p{number}", member, at, "USD", lines))
        elif what < 0.75:
            found.append(
                Activity(f"a{number}", member, "check-in", at, attributes={"store": "main"})
            )
        else:
            target = random.choice(bought)
            amount = random.choice((None, 1 + target.amount // 3))
            found.append(Refund(f"r{number}", target.external_id, at, amount=amount))
    return [each for each in found if each.occurred_at <= now]


async def play(shop: Shop, wanted: Sequence[Purchase | Activity | Refund], size: int) -> list[str]:
    now = shop.clock.now()
    await shop.enrol(*(NewMember(name, now - timedelta(days=300)) for name in MEMBERS))
    kinds = (Purchase, Activity, Refund)
    start = 0
    while start < len(wanted):
        kind = next(each for each in kinds if isinstance(wanted[start], each))
        end = start
        while end < len(wanted) and end - start < size and isinstance(wanted[end], kind):
            end += 1
        await record(shop, kind, wanted[start:end])
        start = end
    async with shop.database.read() as session:
        return [row[0] for row in await session.fetch(STATE, shop.brand.id)]


async def record(shop: Shop, kind: type, items: Sequence[Purchase | Activity | Refund]) -> None:
    if kind is Purchase:
        await shop.buy(*(each for each in items if isinstance(each, Purchase)))
    elif kind is Activity:
        await shop.act(*(each for each in items if isinstance(each, Activity)))
    else:
        await shop.refund(*(each for each in items if isinstance(each, Refund)))


def following(text: str, code: str) -> str:
    """Return the programme with points that follow what members do."""
    ends = 'expires = { months = 3, after = "activity" }'
    return text.replace('"rich"', f'"{code}"').replace("expires = { months = 12 }", ends)


@pytest.mark.parametrize("seed", range(3))
async def test_lists_of_any_size_lead_to_the_same(
    database: Database, clock: MovableClock, seed: int
) -> None:
    wanted = events(seed, clock.now())
    states = []
    for size in (1, 7, 1_000):
        shop = await opened_shop(database, clock, following(RICH, f"rich-{size}"))
        states.append(await play(shop, wanted, size))
    assert len(states[0]) > 60
    assert states[0] == states[1] == states[2]
    await assert_coherent(database)


async def test_lists_at_once_and_again_count_everything_once(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, RICH)
    wanted = [each for each in events(9, clock.now()) if isinstance(each, Purchase)]
    pieces = [wanted[start::4] for start in range(4)]
    done = await asyncio.gather(*(shop.buy(*piece) for piece in pieces + pieces))
    given = {
        each.external_id: each.points
        for outcomes in done
        for each in outcomes
        if each.status == "recorded"
    }
    assert len(given) == len(wanted)
    totals = [(await shop.balance(name)).total for name in MEMBERS]

    async with database.read() as session:
        welcomes = await session.value(
            "SELECT coalesce(sum(amount), 0)::bigint FROM lot WHERE fixed AND expires_at <= $1",
            clock.now(),
        )
    assert sum(given.values()) == sum(totals) + welcomes
    await assert_coherent(database)
