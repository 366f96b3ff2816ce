"""A programme with many rules, from the till to the member's lots and back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.earning import queries
from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_refund_request import Refund
from domain.members.service import NewMember
from domain.tallies.queries import tallies
from kit.clock import MovableClock
from kit.db import Database
from kit.errors import LaurelError
from tests.support.coherence import assert_coherent
from tests.support.shop import Shop, opened_shop

RICH = """\
[brand]
code = "rich"
name = "The Rich"
time_zone = "America/New_York"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
expires = { months = 12 }

[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"
stacking = "best"

[[earning.multiplier]]
name = "Gold earns half more"
factor = "1.5"
tiers = ["Gold"]

[[earning.rule]]
name = "Welcome"
points = "100"
first = true
qualifies = false
expires = { months = 1 }

[[earning.rule]]
name = "Tea"
points = "3"
per = "1.00"
categories = ["tea"]

[[earning.rule]]
name = "Elite"
of = "base"
share = "0.25"
tiers = ["Gold"]

[[earning.rule]]
name = "Every third in a week"
points = "50"
nth = 3
nth_per = "week"
qualifies = false

[[earning.rule]]
name = "Check-in"
on = "check-in"
points = "5"
when = 'event.attributes.store == "main"'

[[earning.rule]]
name = "Review"
on = "review"
points = "40"
pending_days = 2
pending_from = "release"

[[earning.cap]]
name = "One check-in a day"
period = "day"
times = 1
rules = ["Check-in"]

[[earning.cap]]
name = "Tea in a window"
windows = ["01-01", "05-01", "09-01"]
points = "500"
rules = ["Tea"]
excess = "carried"

[[tiers.ladder]]
qualify_by = "points"
window = "rolling"
months = 12
holds = { months = 12 }

[[tiers.ladder.tier]]
name = "Green"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "100"
"""


@pytest.fixture
async def rich(database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    yield await opened_shop(database, clock, RICH)
    await assert_coherent(database)


def tea(external_id: str, at: datetime, *amounts: int, member: str = "ann") -> Purchase:
    lines = tuple(
        Line(amount, category="tea" if place else "") for place, amount in enumerate(amounts)
    )
    return Purchase(external_id, member, at, "USD", lines)


async def given(shop: Shop, event_id: UUID | None) -> dict[str, list[int]]:
    assert event_id is not None
    async with shop.database.read() as session:
        found = await queries.awards(session, shop.brand.id, [event_id])
    points: dict[str, list[int]] = {}
    for each in found.get(event_id, ()):
        points.setdefault(each.rule, []).append(each.points)
    return points


async def test_each_rule_gives_a_movement_and_a_lot_of_its_own(rich: Shop) -> None:
    now = rich.clock.now()
    (outcome,) = await rich.buy(tea("b1", now, 2_050, 1_000))
    assert outcome.points == 30 + 100 + 30
    assert await given(rich, outcome.event_id) == {"base": [30], "Welcome": [100], "Tea": [30]}
    balance = await rich.balance("ann")
    # The welcome ends at the end of 2 April 2026 in New York, the rest a year later.
    assert [(each.points, each.at) for each in balance.upcoming] == [
        (100, datetime(2026, 4, 3, 4, tzinfo=UTC)),
        (60, datetime(2027, 3, 3, 5, tzinfo=UTC)),
    ]


async def test_a_tier_reached_in_a_list_counts_for_what_follows_in_it(rich: Shop) -> None:
    now = rich.clock.now()
    outcomes = await rich.buy(
        tea("b1", now, 9_900), tea("b2", now, 100), tea("b3", now, 10_000), tea("b4", now, 100)
    )
    found = [await given(rich, each.event_id) for each in outcomes]
    assert found == [
        {"base": [99], "Welcome": [100]},
        {"base": [1]},
        # Gold by now: half more, a quarter of that again; and the third of the week.
        {"base": [150], "Elite": [37], "Every third in a week": [50]},
        {"base": [1]},
    ]


async def test_what_a_cap_carries_can_be_spent_from_the_next_window_on(rich: Shop) -> None:
    now = rich.clock.now()
    (outcome,) = await rich.buy(tea("b1", now, 0, 40_000))
    found = await given(rich, outcome.event_id)
    assert found["Tea"] == [500, 500, 200]
    assert (await rich.balance("ann")).pending == 700
    rich.clock.set(datetime(2026, 5, 1, 3, 59, tzinfo=UTC))
    assert (await rich.balance("ann")).pending == 700
    rich.clock.set(datetime(2026, 5, 1, 4, tzinfo=UTC))
    assert (await rich.balance("ann")).pending == 200
    # A whole refund takes all of it back, what is not there yet first.
    (back,) = await rich.refund(Refund("r1", "b1", rich.clock.now()))
    assert (back.points_due, back.points_reversed) == (outcome.points, outcome.points - 100)


async def test_a_returned_line_takes_back_what_it_made_and_nothing_else(rich: Shop) -> None:
    now = rich.clock.now()
    (bought,) = await rich.buy(tea("b1", now, 2_050, 1_000))
    (part,) = await rich.refund(Refund("r1", "b1", now, lines=((1, 1_000),)))
    assert (part.points_due, part.points_reversed) == (10 + 30, 40)
    (rest,) = await rich.refund(Refund("r2", "b1", now, amount=1_050))
    assert rest.points_due == 10
    (last,) = await rich.refund(Refund("r3", "b1", now))
    assert part.points_due + rest.points_due + last.points_due == bought.points
    assert (await rich.balance("ann")).total == 0


async def test_a_refund_is_judged_by_the_version_that_gave(rich: Shop) -> None:
    now = rich.clock.now()
    (bought,) = await rich.buy(tea("b1", now, 10_000))
    await rich.apply(
        RICH.replace('points = "1"\nper', 'points = "9"\nper'), now + timedelta(days=1)
    )
    rich.clock.set(now + timedelta(days=2))
    (part,) = await rich.refund(Refund("r1", "b1", rich.clock.now(), amount=4_000))
    assert (bought.points, part.points_due) == (200, 40)


async def test_activities_earn_once_by_their_rules(rich: Shop) -> None:
    now = rich.clock.now()
    await rich.enrol(NewMember("ann", now))

    def visit(number: str, store: str = "main", at: datetime = now) -> Activity:
        return Activity(number, "ann", "check-in", at, attributes={"store": store})

    first = await rich.act(visit("a1"), visit("a2"), visit("a3", "kiosk"))
    assert [(each.status, each.points) for each in first] == [
        ("recorded", 5),
        ("recorded", 0),
        ("recorded", 0),
    ]
    again = await rich.act(
        visit("a1"),
        visit("a1", "kiosk"),
        visit("a4", at=now + timedelta(hours=20)),
        Activity("a5", "bob", "check-in", now),
        Activity("a6", "ann", "purchase", now),
    )
    assert [(each.status, each.points, each.code) for each in again] == [
        ("replayed", 5, None),
        ("refused", 0, "ACTIVITY_CONFLICT"),
        ("recorded", 5, None),
        ("refused", 0, "UNKNOWN_MEMBER"),
        ("refused", 0, "KIND_RESERVED"),
    ]
    assert (await rich.balance("ann")).total == 10


async def test_preview_says_what_recording_then_gives_and_writes_nothing(rich: Shop) -> None:
    now = rich.clock.now()
    await rich.buy(tea("b1", now, 9_950), tea("b2", now, 100))
    wanted = tea("b3", now, 3_000, 20_000)
    before = await everything(rich)
    preview = await rich.preview(wanted)
    assert await everything(rich) == before
    assert (preview.tiers_before, preview.tiers_after) == ({"status": "Gold"}, {"status": "Gold"})
    (outcome,) = await rich.buy(wanted)
    assert preview.points == outcome.points
    assert outcome.event_id is not None
    async with rich.database.read() as session:
        found = await queries.awards(session, rich.brand.id, [outcome.event_id])
    assert sorted(preview.awards) == sorted(found[outcome.event_id])


async def test_a_preview_of_a_stranger_is_that_of_a_new_member(rich: Shop) -> None:
    preview = await rich.preview(tea("b1", rich.clock.now(), 1_000, member="new"))
    assert (preview.points, preview.tiers_after) == (110, {"status": "Green"})


async def test_a_preview_is_refused_as_recording_would_be(
    database: Database, clock: MovableClock
) -> None:
    closed = await opened_shop(
        database, clock, RICH.replace("on_first_purchase = true", "on_first_purchase = false")
    )
    now = clock.now()
    wanted = {
        "UNKNOWN_MEMBER": tea("b1", now, 1_000),
        "DATE_IN_FUTURE": tea("b1", now + timedelta(days=2), 1_000),
        "NO_PROGRAMME": tea("b1", datetime(2001, 1, 1, tzinfo=UTC), 1_000),
    }
    for code, purchase in wanted.items():
        with pytest.raises(LaurelError) as refusal:
            await closed.preview(purchase)
        (outcome,) = await closed.buy(purchase)
        assert refusal.value.code == outcome.code == code


async def test_a_preview_dates_what_is_carried_and_what_activities_move(
    database: Database, clock: MovableClock
) -> None:
    text = RICH.replace("expires = { months = 12 }", 'expires = { months = 2, after = "activity" }')
    shop = await opened_shop(
        database, clock, text[: text.index("[[tiers.ladder]]")].replace('tiers = ["Gold"]\n', "")
    )
    now = clock.now()
    await shop.buy(tea("b1", now, 100))
    # Reported late: what was done since moves its end.
    wanted = tea("b2", now - timedelta(days=30), 0, 40_000)
    preview = await shop.preview(wanted)
    (outcome,) = await shop.buy(wanted)
    assert outcome.event_id is not None
    async with shop.database.read() as session:
        found = await queries.awards(session, shop.brand.id, [outcome.event_id])
    assert len({each.expires_at for each in preview.awards}) > 1
    assert sorted(preview.awards) == sorted(found[outcome.event_id])


async def test_a_refund_of_what_was_dated_ahead_of_the_first_version(
    database: Database, clock: MovableClock
) -> None:
    now = clock.now()
    shop = await opened_shop(database, clock, RICH, effective_from=now + timedelta(hours=2))
    ahead = now + timedelta(hours=3)
    (bought,) = await shop.buy(tea("b1", ahead, 1_000))
    zone = shop.brand.zone
    (back,) = await shop.refund(Refund("r1", "b1", ahead))
    (again,) = await shop.refund(Refund("r1", "b1", ahead.astimezone(zone)))
    assert (bought.points, back.points_due, again.status) == (110, 110, "replayed")


async def test_a_welcome_is_not_used_up_by_what_its_group_keeps_from_it(
    database: Database, clock: MovableClock
) -> None:
    grouped = RICH.replace(
        'name = "Welcome"\n', 'name = "Welcome"\ngroup = "g"\npriority = 1\n'
    ).replace('name = "Tea"\n', 'name = "Tea"\ngroup = "g"\npriority = 2\n')
    shop = await opened_shop(database, clock, grouped)
    now = clock.now()
    (bought,) = await shop.buy(tea("b1", now, 0, 1_000))
    assert await given(shop, bought.event_id) == {"base": [10], "Tea": [30]}
    async with shop.database.read() as session:
        kept = await session.fetch("SELECT cap FROM cap_use WHERE cap LIKE 'first:%'")
    assert kept == []


async def test_what_comes_late_earns_as_if_it_had_come_in_time(rich: Shop) -> None:
    now = rich.clock.now()
    await rich.buy(tea("b1", now, 20_000))
    late = [now - timedelta(days=days) for days in (1, 7, 365)]
    outcomes = await rich.buy(*(tea(f"late{n}", at, 1_000) for n, at in enumerate(late)))
    # Before the purchase that made Gold there was none: neither half more nor a quarter.
    assert [await given(rich, each.event_id) for each in outcomes] == [
        {"base": [10]},
        {"base": [10]},
        {"base": [10]},
    ]
    # The one of a year ago ends when it would have ended: at the end of today.
    balance = await rich.balance("ann")
    assert balance.upcoming[0].points == 10
    assert balance.upcoming[0].at == datetime(2026, 3, 3, 5, tzinfo=UTC)


async def everything(shop: Shop) -> Any:
    (ann,) = await shop.member_ids("ann")
    async with shop.database.read() as session:
        counted = await tallies(session, shop.brand.id, [ann])
        rows = await session.fetch(
            "SELECT (SELECT count(*) FROM transfer), (SELECT count(*) FROM purchase),"
            " (SELECT count(*) FROM fact), (SELECT sum(used) FROM cap_use)"
        )
    return counted, [tuple(row) for row in rows]
