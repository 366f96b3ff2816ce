"""What comes with a birthday: on the brand's day, a little late if need be, once a year."""

from datetime import UTC, date, datetime, timedelta

import pytest

from api.sections import SECTIONS
from domain.expiry.service_member import amend
from domain.members.rules import MemberChange
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.rewards.jobs_automatic import birthdays
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.automatic import decisions, states, until_done, vouchers_of
from tests.support.coherence import assert_coherent
from tests.support.rewards import programme, reward
from tests.support.shop import Shop, opened_shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CAKE = reward("cake", "0", listed="false")
BY_ITSELF = '[[rewards.automatic]]\nreward = "cake"\non = "birthday"\n'
TEXT = programme(CAKE, BY_ITSELF)


async def born(shop: Shop, name: str, day: date, joined: datetime = LONG_AGO) -> None:
    await shop.enrol(NewMember(name, joined, birthday=day))


async def cakes(shop: Shop, name: str, at: datetime) -> int:
    shop.clock.set(at)
    await until_done(shop, birthdays)
    return len(await vouchers_of(shop, name))


async def test_on_the_brands_day_once_a_year(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, TEXT)
    await born(shop, "ann", date(1990, 3, 4))
    # New York's 4 March begins at five o'clock in the morning of UTC.
    assert await cakes(shop, "ann", datetime(2026, 3, 4, 4, 59, tzinfo=UTC)) == 0
    assert await cakes(shop, "ann", datetime(2026, 3, 4, 5, tzinfo=UTC)) == 1
    assert await cakes(shop, "ann", datetime(2026, 3, 5, 5, tzinfo=UTC)) == 1
    assert await cakes(shop, "ann", datetime(2027, 3, 4, 12, tzinfo=UTC)) == 2
    assert [each.issued_at.year for each in await vouchers_of(shop, "ann")] == [2026, 2027]
    await assert_coherent(database)


@pytest.mark.parametrize(("late", "found"), [(7, 1), (8, 0)])
async def test_up_to_a_week_late(
    database: Database, clock: MovableClock, late: int, found: int
) -> None:
    """Also over the turn of the year: it is the birthday of the year before."""
    shop = await opened_shop(database, clock, TEXT)
    await born(shop, "ann", date(1990, 12, 27))
    day = datetime(2026, 12, 27, 12, tzinfo=UTC)
    assert await cakes(shop, "ann", day + timedelta(days=late)) == found
    assert await cakes(shop, "ann", datetime(2027, 12, 27, 12, tzinfo=UTC)) == found + 1


@pytest.mark.parametrize(
    ("year", "month", "of_month", "found"),
    [(2027, 2, 27, 0), (2027, 2, 28, 1), (2028, 2, 28, 0), (2028, 2, 29, 1)],
)
async def test_the_29th_of_february(
    database: Database, clock: MovableClock, year: int, month: int, of_month: int, found: int
) -> None:
    shop = await opened_shop(database, clock, TEXT)
    await born(shop, "leap", date(2000, 2, 29))
    at = datetime(year, month, of_month, 12, tzinfo=UTC)
    assert await cakes(shop, "leap", at) == found


async def test_no_birthday_before_joining_or_before_the_programme(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme(CAKE))
    await born(shop, "new", date(1990, 3, 3), joined=NOON + timedelta(days=2))
    await born(shop, "same", date(1990, 3, 4), joined=NOON + timedelta(days=2))
    await born(shop, "unborn", date(2026, 3, 5), joined=NOON)
    await born(shop, "early", date(1990, 3, 2))
    await shop.apply(TEXT, NOON + timedelta(days=1))
    at = NOON + timedelta(days=4)
    found = [await cakes(shop, name, at) for name in ("new", "same", "unborn", "early")]
    assert found == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("noon", "other"),
    [(NOON, date(1990, 3, 3)), (datetime(2026, 12, 31, 17, tzinfo=UTC), date(1990, 1, 1))],
)
async def test_another_date_of_birth_brings_no_second_one(
    database: Database, clock: MovableClock, noon: datetime, other: date
) -> None:
    """Neither in the same year nor on the first day of the next one."""
    clock.set(noon - timedelta(days=1))
    shop = await opened_shop(database, clock, TEXT)
    await born(shop, "ann", noon.date().replace(year=1990))
    assert await cakes(shop, "ann", noon) == 1

    async def change(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        item = MemberChange("ann", birthday=other)
        await amend(session, clock.now(), shop.brand, timeline, [item])

    await database.write(change)
    assert await cakes(shop, "ann", noon + timedelta(days=1)) == 1


async def test_many_come_in_batches_and_a_refusal_is_final(
    database: Database, clock: MovableClock
) -> None:
    text = programme(reward("cake", "0", listed="false", stock="3"), BY_ITSELF)
    shop = await opened_shop(database, clock, text)
    for number in range(5):
        await born(shop, f"m{number}", date(1990, 3, 2))
    assert await until_done(shop, birthdays, limit=2) == 5
    assert [len(await states(shop, f"m{number}")) for number in range(5)].count(1) == 3
    refusals = [refusal for _, refusal, *_ in await decisions(shop)]
    assert sorted(map(str, refusals)) == ["None"] * 3 + ["OUT_OF_STOCK"] * 2
    assert await until_done(shop, birthdays) == 0
    await assert_coherent(database)
