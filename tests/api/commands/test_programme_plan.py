"""What a plan says before a programme is applied: how many members it touches, and how."""

from datetime import UTC, datetime

import pytest

from api import planning
from api.commands.programme_told import plan_lines
from api.sections import SECTIONS
from domain.programmes.rules import ProgrammeRefusedError, load
from kit.clock import MovableClock
from kit.db import Database
from kit.errors import LaurelError
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

START = datetime(2026, 4, 1, 4, tzinfo=UTC)
LASTING = GOOD.replace('expires = "never"', "expires = { months = 12 }")


async def ends(shop: Shop) -> dict[str, datetime]:
    """Return when each member's points end."""
    return {name: (await shop.balance(name)).upcoming[-1].at for name in ("ann", "bob", "cy")}


async def planned(shop: Shop, text: str, start: datetime = START) -> planning.Plan:
    seen: list[int] = []

    def begun(total: int) -> planning.Progress:
        seen.append(total)
        return seen.append

    document = load(text, SECTIONS, "shop.toml")
    found = await planning.plan(shop.database, shop.clock.now(), document, start, begun)
    assert not seen or seen[0] == sum(seen[1:])
    return found


async def opened(database: Database, clock: MovableClock, programme: str) -> Shop:
    """Open a shop with members at 100, 300 and 401 dollars: two are Insider, one is VIB."""
    shop = await opened_shop(database, clock, programme)
    await shop.buy(
        purchase("1", "ann", 10_000, clock.now()),
        purchase("2", "bob", 30_000, clock.now()),
        purchase("3", "cy", 40_000, clock.now()),
        purchase("4", "cy", 100, clock.now()),
    )
    return shop


@pytest.fixture
async def shop(database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(planning, "BATCH", 2)
    return await opened(database, clock, LASTING)


async def test_what_earns_otherwise_touches_nothing_that_was(shop: Shop) -> None:
    found = await planned(shop, LASTING.replace('per = "1.00"', 'per = "2.00"'))
    assert list(plan_lines(found)) == [
        f"shop: 1 difference from version {found.version_id}",
        '  earning.per: "1.00" → "2.00"',
        "From 2026-04-01T04:00:00+00:00, for 3 members:",
        "  earning: purchases and activities from then on earn otherwise; what was earned stays",
        "  status: no member has another tier",
        "  no points earned so far end at another time",
    ]
    await assert_coherent(shop.database)


async def test_members_who_would_move_up(shop: Shop) -> None:
    found = await planned(shop, LASTING.replace('"350.00"', '"300.00"'))
    assert found.moves == (planning.Move("status", "Insider", "VIB", "up", 1),)
    assert list(plan_lines(found))[-3:] == [
        "  status: 1 member moves up, Insider → VIB",
        "  status: Insider 2 → 1, VIB 1 → 2",
        "  no points earned so far end at another time",
    ]


async def test_members_who_would_move_down(database: Database, clock: MovableClock) -> None:
    rolling = LASTING.replace('"calendar_year"', '"rolling"\nmonths = 12')
    rolling = rolling.replace('"end_of_next_window"', '"while_reached"')
    shop = await opened(database, clock, rolling)
    found = await planned(shop, rolling.replace('"350.00"', '"500.00"'))
    assert found.moves == (planning.Move("status", "VIB", "Insider", "down", 1),)
    assert list(plan_lines(found))[-3] == "  status: 1 member moves down, VIB → Insider"


async def test_tiers_that_are_gone(shop: Shop) -> None:
    found = await planned(shop, LASTING.replace('"VIB"', '"Star"').replace('"350.00"', '"100.00"'))
    assert found.moves == (
        planning.Move("status", "Insider", "Star", "up", 2),
        planning.Move("status", "VIB", "Star", "renamed", 1),
    )
    assert list(plan_lines(found))[-4:-1] == [
        "  status: 2 members move up, Insider → Star",
        "  status: 1 member moves, VIB → Star",
        "  status: Insider 2 → 0, Star 0 → 3, VIB 1 → 0",
    ]


async def test_a_ladder_that_is_new_or_gone_is_told_by_its_tiers(shop: Shop) -> None:
    found = await planned(shop, LASTING[: LASTING.index("[[tiers.ladder]]")])
    assert found.moves == ()
    assert list(plan_lines(found))[-2:] == [
        "  status: Insider 2 → 0, VIB 1 → 0",
        "  no points earned so far end at another time",
    ]


async def test_benefits_are_told_by_who_gets_and_who_loses_them(shop: Shop) -> None:
    sale = '\n[[tiers.benefit]]\nname = "Sale"\nkind = "event"\ntiers = ["{}"]\n'
    gift = '\n[[tiers.benefit]]\nname = "Gift"\nkind = "gift"\ntiers = ["Insider", "VIB"]\n'
    found = await planned(shop, LASTING + sale.format("VIB") + gift)
    assert list(plan_lines(found))[-4:-1] == [
        "  status: no member has another tier",
        "  Gift: 3 members get it",
        "  Sale: 1 member gets it",
    ]
    await shop.apply(LASTING + sale.format("VIB"), shop.clock.now())
    found = await planned(shop, LASTING + sale.format("Insider"))
    assert found.benefits == (planning.BenefitChange("Sale", 2, 1),)
    assert list(plan_lines(found))[-2] == "  Sale: 2 members get it, 1 member loses it"


async def test_points_that_would_end_earlier_or_later(shop: Shop) -> None:
    # Twelve months from 2 March 2026; six from the start of the version are over before.
    active = '{ months = 6, after = "activity" }'
    found = await planned(shop, LASTING.replace("{ months = 12 }", active))
    assert (found.ends_earlier, found.ends_later) == (planning.Ending(3, 4), planning.Ending())
    assert list(plan_lines(found))[-1] == "  4 lots of 3 members end earlier"

    await shop.apply(LASTING.replace("{ months = 12 }", active), shop.clock.now())
    longer = '{ months = 36, after = "activity" }'
    found = await planned(shop, LASTING.replace("{ months = 12 }", longer))
    assert (found.ends_earlier, found.ends_later) == (planning.Ending(), planning.Ending(3, 4))
    assert list(plan_lines(found))[-1] == "  4 lots of 3 members end later"


async def test_a_plan_says_what_applying_then_does(shop: Shop) -> None:
    text = LASTING.replace('"350.00"', '"300.00"').replace(
        "{ months = 12 }", '{ months = 6, after = "activity" }'
    )
    before = await ends(shop)
    found = await planned(shop, text)
    assert await ends(shop) == before
    await shop.apply(text, START)
    after = await ends(shop)
    assert found.ends_earlier.members == sum(after[name] < before[name] for name in before) == 3
    assert (await planned(shop, text)).unchanged


async def test_a_new_brand_has_everything_added_and_nobody_touched(
    database: Database, clock: MovableClock
) -> None:
    document = load(GOOD, SECTIONS, "shop.toml")
    found = await planning.plan(database, clock.now(), document, START, begun=lambda _: print)
    assert next(plan_lines(found)) == "shop: a new brand, from 2026-04-01T04:00:00+00:00"
    assert '  points.name: (not set) → "Points"' in plan_lines(found)
    async with database.read() as session:
        assert await session.value("SELECT count(*) FROM brand") == 0


@pytest.mark.parametrize(
    ("old", "new", "start", "code"),
    [
        ('"1.00"', '"2.00"', datetime(2026, 3, 1, tzinfo=UTC), "EFFECTIVE_FROM_IN_THE_PAST"),
        ('"USD"', '"EUR"', START, "BRAND_CURRENCY_FIXED"),
        ('code = "points"', 'code = "stars"', START, "POINTS_FIXED"),
        ('code = "points"', 'code = "points"\nscale = 2', START, "ASSET_SCALE"),
    ],
)
async def test_a_plan_is_refused_as_applying_would_be(
    shop: Shop, old: str, new: str, start: datetime, code: str
) -> None:
    with pytest.raises(LaurelError) as refused:
        await planned(shop, LASTING.replace(old, new), start)
    assert refused.value.code == code
    assert code != "BRAND_CURRENCY_FIXED" or isinstance(refused.value, ProgrammeRefusedError)
