"""Awards in the database: by hand, by rule, revoked, shared, under races."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.members.service import NewMember
from domain.memberships.service_erase import Erasure, erase
from domain.memberships.service_merge import Merge, merge
from domain.programmes import queries as programmes
from gamification.badges import queries, service
from gamification.badges.queries import Rarity
from gamification.badges.service import Revoke, Share
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.embedded import Servers
from kit.ids import new_id
from tests.support.badges import VISITS, Proud, opened
from tests.support.coherence import assert_coherent
from tests.support.shop import purchase
from tests.support.statements import watched

DAY = timedelta(days=1)
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND query LIKE '%INSERT INTO badge_award%' AND datname = current_database()"
)


@pytest.fixture
async def proud(database: Database, clock: MovableClock) -> AsyncIterator[Proud]:
    proud = await opened(database, clock)
    await proud.shop.enrol(NewMember("ann", clock.now()), NewMember("bob", clock.now()))
    yield proud
    await assert_coherent(database)


@pytest.fixture
async def ann(proud: Proud) -> UUID:
    (ann,) = await proud.shop.member_ids("ann")
    return ann


async def buy(proud: Proud, *numbers: int, member: str = "ann", cents: int = 400) -> None:
    now = proud.shop.clock.now()
    await proud.shop.buy(
        *(
            purchase(f"{member}{number}", member, cents, now - number * DAY, category="tea")
            for number in numbers
        )
    )


async def give_back(proud: Proud, number: int, cents: int = 400) -> None:
    refund = Refund(f"r{number}", f"ann{number}", proud.shop.clock.now(), cents)
    await proud.shop.refund(refund)


async def test_by_hand_once(proud: Proud, ann: UUID) -> None:
    item = proud.item("k", ann, "friend")
    first, again, other = await proud.award(item, item, replace(item, key="l"))
    assert (first.code, first.replayed, again.replayed) == (None, False, True)
    assert first.award_id == again.award_id == other.award_id
    assert other.code == "ALREADY_AWARDED"
    (later,) = await proud.award(item)
    assert (later.award_id, later.replayed) == (first.award_id, True)
    assert await proud.held("ann") == [("friend", 1, None)]
    assert await proud.facts() == [("BadgeAwarded", "friend", 1, "hand")]


async def test_once_a_month(proud: Proud, ann: UUID) -> None:
    now = proud.shop.clock.now()
    items = [
        proud.item("a", ann, "tea"),
        proud.item("b", ann, "tea", at=now - 20 * DAY),
        proud.item("c", ann, "tea", at=now - 15 * DAY),
    ]
    assert [each.code for each in await proud.award(*items)] == [None, None, "ALREADY_AWARDED"]
    assert await proud.held("ann") == [("tea", 1, "2026-02-01"), ("tea", 1, "2026-03-01")]
    # Thirty whole days after 2 March in New York, where the clock has moved by then.
    assert (await proud.awards("ann"))[0].expires_at is not None
    assert str((await proud.awards("ann"))[0].expires_at) == "2026-04-02 04:00:00+00:00"


async def test_refusals(proud: Proud, ann: UUID) -> None:
    await proud.award(proud.item("taken", ann, "friend"))
    ahead = proud.shop.clock.now() + DAY
    items = [
        proud.item("1", ann, "fiend"),
        proud.item("2", ann, "visits", level=3),
        proud.item("3", ann, "visits", level=-1),
        proud.item("4", new_id(), "visits"),
        proud.item("5", ann, "visits", at=ahead),
        proud.item("taken", ann, "visits"),
        proud.item("6", ann, "visits", level=2),
    ]
    assert [each.code for each in await proud.award(*items)] == [
        "UNKNOWN_BADGE",
        "UNKNOWN_LEVEL",
        "UNKNOWN_LEVEL",
        "UNKNOWN_MEMBER",
        "INVALID_DATE",
        "IDEMPOTENCY_CONFLICT",
        None,
    ]


async def test_revoked_for_good(proud: Proud, ann: UUID) -> None:
    (given,) = await proud.award(proud.item("k", ann, "friend"))
    assert given.award_id is not None
    item = Revoke(given.award_id, "eve", "a mistake")
    outcomes = await proud.revoke(
        item, item, Revoke(new_id(), "eve", "why"), replace(item, reason="")
    )
    assert [(each.code, each.replayed) for each in outcomes] == [
        (None, False),
        (None, True),
        ("AWARD_NOT_FOUND", False),
        ("INVALID_INPUT", False),
    ]
    (again,) = await proud.revoke(replace(item, reason="another"))
    assert again.replayed
    (award,) = await proud.awards("ann", revoked=True)
    assert (award.revoked_by, award.reason) == ("eve", "a mistake")
    (same,) = await proud.award(proud.item("k", ann, "friend"))
    assert same.replayed
    assert await proud.held("ann") == []
    await proud.award(proud.item("new", ann, "friend"))
    assert await proud.held("ann") == [("friend", 1, None)]
    assert (await proud.facts())[1] == ("BadgeRevoked", "friend", 1, "a mistake")


async def test_an_award_never_changes_otherwise(proud: Proud, ann: UUID) -> None:
    await proud.award(proud.item("k", ann, "friend"))
    for change in ("badge = 'tea'", "awarded_at = now()", "expires_at = now()", "level = 2"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with proud.shop.database.transaction() as session:
                await session.fetch(f"UPDATE badge_award SET {change}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with proud.shop.database.transaction() as session:
            await session.fetch("DELETE FROM badge_award")


async def test_by_rule_and_back(proud: Proud) -> None:
    await buy(proud, 0, 1, 2)
    await proud.judge("ann", "bob")
    await proud.judge("ann", "bob")
    assert await proud.held("ann") == [("visits", 1, None)]
    await give_back(proud, 1)
    await proud.judge("ann")
    assert await proud.held("ann") == []
    await buy(proud, 3, 4, 5, cents=40_000)
    await proud.judge("ann")
    assert await proud.held("ann") == [
        ("tea", 1, "2026-02-01"),
        ("vib", 1, None),
        ("visits", 1, None),
        ("visits", 2, None),
    ]
    assert [kind for kind, badge, *_ in await proud.facts() if badge == "visits"] == [
        "BadgeAwarded",
        "BadgeRevoked",
        "BadgeAwarded",
        "BadgeAwarded",
    ]
    assert await proud.held("bob") == []


async def test_however_it_comes_to_be_known(database: Database, clock: MovableClock) -> None:
    """The same history in any order, judged in between or not, leads to the same badges."""
    chance = random.Random(6)
    found = set()
    for run in range(4):
        text = VISITS.replace('on_refund = "keep"', 'on_refund = "revoke"')
        proud = await opened(database, clock, text)
        member = f"m{run}"
        await proud.shop.enrol(NewMember(member, clock.now() - 60 * DAY))
        days = list(range(0, 40, 5))
        chance.shuffle(days)
        for day in days:
            await buy(proud, day, member=member, cents=350 + day)
            if chance.random() < 0.5:
                await proud.judge(member)
        for day in (5, 20):
            back = Refund(f"{member}r{day}", f"{member}{day}", clock.now(), 350 + day)
            await proud.shop.refund(back)
            if run % 2:
                await proud.judge(member)
        await proud.judge(member)
        found.add(tuple(await proud.held(member)))
    assert found == {(("tea", 1, "2026-02-01"), ("visits", 1, None), ("visits", 2, None))}


async def test_never_twice_under_races(proud: Proud, ann: UUID) -> None:
    await buy(proud, 0, 1, 2)
    by_hand = [proud.award(proud.item(f"k{number}", ann, "visits")) for number in range(4)]
    by_rule = [proud.judge("ann") for _ in range(4)]
    outcomes = await asyncio.gather(*by_hand, *by_rule)
    ids = {each.award_id for outcome in outcomes[:4] if outcome for each in outcome}
    codes = [each.code for outcome in outcomes[:4] if outcome for each in outcome]
    assert codes.count(None) <= 1
    assert set(codes) <= {None, "ALREADY_AWARDED"}
    assert len(ids) == 1
    assert await proud.held("ann") == [("visits", 1, None)]
    assert len(await proud.facts()) == 1


async def test_one_revocation_under_races(proud: Proud, ann: UUID) -> None:
    (given,) = await proud.award(proud.item("k", ann, "friend"))
    assert given.award_id is not None
    item = Revoke(given.award_id, "eve", "why")
    outcomes = await asyncio.gather(*(proud.revoke(item) for _ in range(5)))
    assert sorted(each.replayed for (each,) in outcomes) == [False, True, True, True, True]
    assert len(await proud.facts()) == 2


async def test_sharing(proud: Proud, ann: UUID) -> None:
    brand = proud.shop.brand
    (given,) = await proud.award(proud.item("k", ann, "friend"))
    (bob,) = await proud.shop.member_ids("bob")
    assert given.award_id is not None
    item = Share(given.award_id, ann, shared=True, shown_name="Ann A.")

    async def public() -> tuple[bool, str | None]:
        assert given.award_id is not None
        async with proud.shop.database.read() as session:
            found = await queries.shared(session, brand.id, given.award_id)
        return found is not None, found.shown_name if found else None

    assert await public() == (False, None)
    outcomes = await proud.share(replace(item, member_id=bob), replace(item, shown_name="\n"), item)
    assert [each.code for each in outcomes] == ["AWARD_NOT_FOUND", "INVALID_INPUT", None]
    assert await public() == (True, "Ann A.")
    await proud.share(replace(item, shown_name=None))
    assert await public() == (True, None)
    await proud.share(replace(item, shared=False))
    assert await public() == (False, None)
    await proud.revoke(Revoke(given.award_id, "eve", "why"))
    (refused,) = await proud.share(item)
    assert refused.code == "AWARD_REVOKED"


async def test_of_who_is_erased_nothing_is_public(proud: Proud, ann: UUID) -> None:
    given, _ = await proud.award(
        proud.item("k", ann, "friend"),
        proud.item("l", (await proud.shop.member_ids("bob"))[0], "friend"),
    )
    assert given.award_id is not None
    await proud.share(Share(given.award_id, ann, shared=True, shown_name="Ann A."))
    brand, now = proud.shop.brand, proud.shop.clock.now()

    async def gone(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        erasure = Erasure("e", "ann", "eve", "asked for it")
        await erase(session, now, brand, timeline, [erasure])

    await proud.shop.database.write(gone)
    async with proud.shop.database.read() as session:
        assert await queries.shared(session, brand.id, given.award_id) is None
        assert await queries.rarity(session, brand.id) == {("friend", 1): Rarity(1, 1)}
    await proud.shop.database.write(lambda session: proud.judging(session, [ann]))
    async with proud.shop.database.read() as session:
        found = await queries.awards(session, brand.id, [given.award_id])
    assert found[given.award_id].shown_name is None
    assert found[given.award_id].shared_at is None


async def test_who_turn_out_to_be_one_have_one_award_of_each(proud: Proud, ann: UUID) -> None:
    (bob,) = await proud.shop.member_ids("bob")
    brand, now = proud.shop.brand, proud.shop.clock.now()
    await buy(proud, 0, 1, 2)
    await buy(proud, 3, 4, 5, member="bob")
    await proud.judge("ann", "bob")
    (given,) = await proud.award(proud.item("b", bob, "friend"))
    assert given.award_id is not None

    async def joined(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        await merge(session, now, brand, timeline, [Merge("m", "ann", "bob", "eve", "the same")])

    await proud.shop.database.write(joined)
    await proud.shop.database.write(lambda session: proud.judging(session, [ann, bob]))
    assert await proud.held("ann") == [
        ("friend", 1, None),
        ("tea", 1, "2026-02-01"),
        ("visits", 1, None),
        ("visits", 2, None),
    ]
    (again,) = await proud.award(proud.item("c", bob, "friend"))
    assert (again.code, again.award_id) == ("ALREADY_AWARDED", given.award_id)
    (shared,) = await proud.share(Share(given.award_id, ann, shared=True))
    assert shared.code is None
    assert ("BadgeRevoked", "visits", 1, "MERGED") in await proud.facts()


async def test_who_is_slower_is_told_what_there_is(proud: Proud, ann: UUID) -> None:
    """Another transaction awards the same after this one has looked."""
    item = proud.item("k", ann, "friend")
    brand, now = proud.shop.brand, proud.shop.clock.now()
    async with proud.shop.database.transaction() as first:
        timeline = await programmes.timeline_to_write(first, brand.id, SECTIONS)
        (done,) = await service.award(first, now, brand, timeline, [item])
        same = asyncio.create_task(proud.award(item))
        other = asyncio.create_task(proud.award(replace(item, key="l")))
        async with proud.shop.database.alone() as looking:
            while await looking.value(_WAITING) < 2:
                await asyncio.sleep(0.01)
    ((replayed,), (refused,)) = await asyncio.gather(same, other)
    assert (replayed.award_id, replayed.replayed) == (done.award_id, True)
    assert (refused.award_id, refused.code) == (done.award_id, "ALREADY_AWARDED")


async def test_what_is_shown_of_badges(proud: Proud, ann: UUID) -> None:
    await proud.award(proud.item("k", ann, "visits"), proud.item("l", ann, "tea"))
    brand = proud.shop.brand
    async with proud.shop.database.read() as session:
        found = await queries.rarity(session, brand.id)
    assert found == {("visits", 1): Rarity(1, 2), ("tea", 1): Rarity(1, 2)}
    assert (Rarity(1, 2).permille, Rarity(1, 3000).permille, Rarity(0, 0).permille) == (500, 1, 0)


async def test_many_cost_as_many_statements_as_one(
    database: Database, servers: Servers, clock: MovableClock
) -> None:
    proud = await opened(database, clock)
    names = [f"m{number}" for number in range(12)]
    await proud.shop.enrol(*(NewMember(name, clock.now()) for name in names))
    for name in names:
        await buy(proud, 0, 1, 2, member=name)
    ids = await proud.shop.member_ids(*names)
    counts = []
    with watched() as seen:
        # Connections of its own, opened within the block.
        mine = Database(servers.database_url)
        for some in (ids[:1], ids[1:2], ids[2:]):
            seen.clear()
            async with mine.transaction() as session:
                await proud.judging(session, some)
            counts.append(len(seen))
        await mine.close()
    # The first one opens the connection.
    assert counts[1] == counts[2]
    assert await proud.held("m0") == await proud.held("m11") == [("visits", 1, None)]


async def test_a_shop_without_badges_reads_nothing(database: Database, clock: MovableClock) -> None:
    proud = await opened(database, clock, "")
    await proud.shop.enrol(NewMember("ann", clock.now()))
    await proud.judge("ann")
    assert await proud.held("ann") == []
