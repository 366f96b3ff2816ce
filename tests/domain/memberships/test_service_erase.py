"""A member is forgotten: nobody is known by the name, nothing can be had, the books stay."""

from datetime import UTC, date, datetime, timedelta

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.earning.rules_refund_request import Refund
from domain.earning.service_prize import PrizePoints, give_prizes
from domain.members import queries
from domain.members.service import NewMember
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.merging import codes, erased, erasing, merged, merging
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.spending import back, give_back, spend

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_who_was_erased_is_nobody_and_has_nothing(grocer: Shop) -> None:
    await grocer.enrol(NewMember("a", MONDAY, "Ann", date(1990, 3, 1), "US-NY", {"club": "north"}))
    await grocer.buy(purchase("1", "a", 30_00, MONDAY))
    await grocer.act(Activity("v", "a", "visit", MONDAY, attributes={"table": "7"}))
    (member,) = await grocer.member_ids("a")
    await grocer.hold(Hold(new_id(), member, 10, MONDAY + timedelta(days=1), "r"))
    (done,) = await erased(grocer, erasing("a"))
    assert (done.member_id, done.points) == (member, 30)
    async with grocer.database.read() as session:
        assert await queries.by_external_ids(session, grocer.brand.id, ["a"]) == {}
        (row,) = (await queries.by_ids(session, grocer.brand.id, [member])).values()
        said = await session.value("SELECT attributes FROM activity")
        assert await queries.count(session, grocer.brand.id) == 0
        timeline = await programmes.timeline(session, grocer.brand.id, SECTIONS)
        told = await figures(session, grocer.brand, timeline, MONDAY)
    assert (row.display_name, row.birthday, row.region, row.attributes) == (None, None, None, {})
    assert said == {}
    assert (told.points_issued, told.points_expired, told.points_outstanding) == (30, 30, 0)
    assert (told.members, told.purchases) == (0, 1)


async def test_the_name_is_free_for_somebody_new(grocer: Shop) -> None:
    await grocer.buy(purchase("1", "a", 30_00, MONDAY))
    (before,) = await grocer.member_ids("a")
    await erased(grocer, erasing("a"))
    (again,) = await grocer.buy(purchase("2", "a", 5_00, MONDAY))
    assert again.member_id not in (before, None)
    assert (await grocer.balance("a")).total == 5
    (known,) = await grocer.buy(purchase("1", "a", 30_00, MONDAY))
    assert (known.status, known.member_id) == ("replayed", before)
    async with grocer.database.read() as session:
        assert await queries.refused_before(session, grocer.brand.id, "a") == MONDAY
        assert await queries.refused_before(session, grocer.brand.id, "b") is None


async def test_an_erasure_is_known_by_its_key(grocer: Shop) -> None:
    await grocer.buy(purchase("1", "a", 30_00, MONDAY), purchase("2", "b", 1_00, MONDAY))
    first = await erased(grocer, erasing("a", "k"), erasing("a", "k"), erasing("b", "k"))
    assert codes(first) == [None, None, "KEY_CONFLICT"]
    assert [each.replayed for each in first] == [False, True, False]
    again = await erased(grocer, erasing("a", "k"), erasing("a", "other"), erasing("b", "k"))
    assert codes(again) == [None, "UNKNOWN_MEMBER", "KEY_CONFLICT"]
    assert (again[0].member_id, again[0].points) == (first[0].member_id, 30)


async def test_all_cards_of_a_person_are_forgotten_and_refunds_still_work(grocer: Shop) -> None:
    await grocer.buy(purchase("1", "old", 30_00, MONDAY), purchase("2", "new", 20_00, MONDAY))
    await merged(grocer, merging("new", "old"))
    assert codes(await erased(grocer, erasing("old"))) == [None]
    async with grocer.database.read() as session:
        found = await queries.by_external_ids(session, grocer.brand.id, ["old", "new"])
    assert found == {}
    (back,) = await grocer.refund(Refund("r", "1", MONDAY, 30_00))
    assert (back.status, back.points_due, back.points_reversed) == ("recorded", 30, 0)
    assert codes(await merged(grocer, merging("new", "old", "later"))) == ["UNKNOWN_MEMBER"]


async def test_what_comes_for_who_was_erased_is_forfeited(
    database: Database, clock: MovableClock
) -> None:
    grocer = await opened_shop(database, clock, "grocer")
    await grocer.buy(purchase("1", "a", 30_00, MONDAY))
    (member,) = await grocer.member_ids("a")
    hold = await spend(grocer, "a", 20)
    await erased(grocer, erasing("a"))
    (done,) = await give_back(grocer, back(hold, 20))
    assert done.points == 20

    async def prize(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, grocer.brand.id, SECTIONS)
        item = PrizePoints(new_id(), member, 7, 0, "challenge:x", "due")
        await give_prizes(session, MONDAY, grocer.brand, timeline, [item])

    await grocer.database.write(prize)
    async with grocer.database.read() as session:
        timeline = await programmes.timeline(session, grocer.brand.id, SECTIONS)
        told = await figures(session, grocer.brand, timeline, MONDAY)
    assert (told.points_spent, told.points_expired, told.points_outstanding) == (0, 37, 0)
    # The prize is paid here without having been owed.
    await assert_coherent(database, besides=("PRIZES_DIFFER_FROM_LEDGER",))
