"""Status given by hand, in the database."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.sections import SECTIONS
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.programmes.rules import Programme, Timeline, load
from domain.tiers import queries
from domain.tiers.rules import Standing
from domain.tiers.rules_grant import NewGrant
from domain.tiers.service_grant import GrantOutcome, grant_status, revoke_status
from kit.db import Session
from kit.ids import new_id
from tests.support.programmes import GOOD
from tests.support.shop import Shop, purchase

DAY = timedelta(days=1)


async def timeline_of(session: Session, shop: Shop) -> Timeline:
    return await programmes.timeline(session, shop.brand.id, SECTIONS)


async def grant(shop: Shop, *items: NewGrant) -> list[GrantOutcome]:
    async def work(session: Session) -> list[GrantOutcome]:
        timeline = await timeline_of(session, shop)
        return await grant_status(session, shop.clock.now(), shop.brand, timeline, items)

    return await shop.database.write(work)


async def revoke(shop: Shop, *ids: UUID) -> list[GrantOutcome]:
    async def work(session: Session) -> list[GrantOutcome]:
        timeline = await timeline_of(session, shop)
        return await revoke_status(session, shop.clock.now(), shop.brand, timeline, ids)

    return await shop.database.write(work)


async def standing(shop: Shop, member_id: UUID) -> Standing:
    async with shop.database.read() as session:
        timeline = await timeline_of(session, shop)
        now = shop.clock.now()
        found = await queries.standings(session, now, shop.brand, timeline, [member_id])
    return found[member_id]["status"]


async def moves(shop: Shop, member_id: UUID) -> list[tuple[str, str, str]]:
    async with shop.database.read() as session:
        rows = await session.fetch(
            "SELECT payload ->> 'before', payload ->> 'after',"
            " payload ->> 'direction' FROM fact"
            " WHERE kind = 'TierChanged' AND subject = $1 ORDER BY id",
            str(member_id),
        )
    return [tuple(row) for row in rows]


async def joined(shop: Shop, *names: str) -> list[UUID]:
    await shop.enrol(*(NewMember(name, shop.clock.now()) for name in names))
    return await shop.member_ids(*names)


def vip(key: str, member_id: UUID, /, **others: object) -> NewGrant:
    given: dict[str, object] = {
        "key": key,
        "member_id": member_id,
        "ladder": "status",
        "tier": "Rouge",
        "reason": "drives for a partner",
        "actor": "partner",
    }
    return NewGrant(**(given | others))  # type: ignore[arg-type]


async def test_a_partner_grants_a_tier_until_a_day(grocer: Shop) -> None:
    (ann,) = await joined(grocer, "ann")
    end = grocer.clock.now() + 30 * DAY
    (outcome,) = await grant(grocer, vip("one", ann, ends_at=end))
    assert (outcome.status, outcome.member_id) == ("done", ann)
    found = await standing(grocer, ann)
    assert (found.tier, found.granted, found.valid_until) == ("Rouge", True, end)
    assert found.since == grocer.clock.now()
    assert (found.keep_missing, found.keep_by) == (100_000, end)
    assert await moves(grocer, ann) == [("Insider", "Rouge", "up")]
    grocer.clock.set(end)
    assert (await standing(grocer, ann)).tier == "Insider"


async def test_the_same_key_grants_once_and_another_grant_under_it_is_refused(grocer: Shop) -> None:
    ann, ben = await joined(grocer, "ann", "ben")
    first, again, other = await grant(
        grocer, vip("one", ann), vip("one", ann), vip("one", ann, tier="VIB")
    )
    assert (first.status, again.status) == ("done", "replayed")
    assert again.grant == first.grant
    assert (other.status, other.code, other.path) == ("refused", "KEY_CONFLICT", ("key",))
    grocer.clock.move(DAY)
    (later,) = await grant(grocer, vip("one", ann, actor="somebody else"))
    assert (later.status, later.grant) == ("replayed", first.grant)
    (of_another,) = await grant(grocer, vip("one", ben))
    assert of_another.code == "KEY_CONFLICT"
    assert len(await moves(grocer, ann)) == 1


async def test_two_grants_with_one_key_at_once_are_one(grocer: Shop) -> None:
    ann, ben = await joined(grocer, "ann", "ben")
    told = await asyncio.gather(*(grant(grocer, vip("one", ann)) for _ in range(8)))
    assert sorted(each.status for (each,) in told) == ["done", *["replayed"] * 7]
    assert len({each.grant.id for (each,) in told if each.grant}) == 1
    assert await moves(grocer, ann) == [("Insider", "Rouge", "up")]

    told = await asyncio.gather(*(grant(grocer, vip("two", who)) for who in (ann, ben)))
    assert sorted(each.status for (each,) in told) == ["done", "refused"]


async def test_what_is_revoked_counts_no_more_from_then_on(grocer: Shop) -> None:
    (ann,) = await joined(grocer, "ann")
    await grocer.buy(purchase("tea", "ann", 40_000, grocer.clock.now()))
    (outcome,) = await grant(grocer, vip("one", ann))
    assert outcome.grant is not None
    grocer.clock.move(DAY)
    told = await asyncio.gather(*(revoke(grocer, outcome.grant.id) for _ in range(2)))
    assert sorted(each.status for (each,) in told) == ["done", "replayed"]
    assert {each.grant.revoked_at for (each,) in told if each.grant} == {grocer.clock.now()}
    assert (await standing(grocer, ann)).tier == "VIB"
    assert await moves(grocer, ann) == [
        ("Insider", "VIB", "up"),
        ("VIB", "Rouge", "up"),
        ("Rouge", "VIB", "down"),
    ]
    again, unknown = await revoke(grocer, outcome.grant.id, new_id())
    assert (again.status, unknown.status, unknown.code) == (
        "replayed",
        "refused",
        "GRANT_NOT_FOUND",
    )


BAD: list[tuple[dict[str, object], str, str]] = [
    ({"member_id": UUID(int=1)}, "MEMBER_NOT_FOUND", "member"),
    ({"ladder": "stars"}, "UNKNOWN_LADDER", "ladder"),
    ({"starts_at": datetime(2009, 1, 1, tzinfo=UTC)}, "UNKNOWN_LADDER", "ladder"),
    ({"tier": "Gold"}, "UNKNOWN_TIER", "tier"),
    ({"starts_at": datetime(2026, 3, 1, tzinfo=UTC)}, "STARTS_IN_THE_PAST", "starts_at"),
    ({"ends_at": datetime(2026, 3, 2, 12, tzinfo=UTC)}, "INVALID_DEADLINE", "ends_at"),
    ({"ends_at": datetime.max.replace(tzinfo=UTC)}, "INVALID_DEADLINE", "ends_at"),
    ({"ends_at": datetime.min}, "INVALID_DEADLINE", "ends_at"),  # noqa: DTZ901
    ({"starts_at": datetime.max.replace(tzinfo=UTC)}, "INVALID_DEADLINE", "starts_at"),
    ({"reason": " "}, "INVALID_INPUT", "reason"),
    ({"reason": "a\nb"}, "INVALID_INPUT", "reason"),
]


async def test_refusals_say_what_is_wrong_and_leave_the_others_alone(grocer: Shop) -> None:
    ann, ben = await joined(grocer, "ann", "ben")
    bad = [vip(f"bad-{place}", ann, **others) for place, (others, _, _) in enumerate(BAD)]
    *refused, good = await grant(grocer, *bad, vip("good", ben))
    assert [(each.status, each.code, each.path) for each in refused] == [
        ("refused", code, (path,)) for _, code, path in BAD
    ]
    assert good.status == "done"
    assert await moves(grocer, ann) == []


async def test_a_brand_without_a_programme_has_nobody_to_grant_to(grocer: Shop) -> None:
    async def work(session: Session) -> list[GrantOutcome]:
        brand_id = await session.value(
            "INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)"
            " VALUES ('new', 'New', 'UTC', 'USD', 2, now()) RETURNING id"
        )
        brand = type(grocer.brand)(brand_id, "new", "New", "UTC", "USD", 2)
        item = vip("one", UUID(int=1))
        return await grant_status(session, grocer.clock.now(), brand, Timeline(()), [item])

    (outcome,) = await grocer.database.write(work)
    assert outcome.code == "MEMBER_NOT_FOUND"


async def test_before_the_first_programme_and_without_tiers_nobody_stands_anywhere(
    grocer: Shop,
) -> None:
    (ann,) = await joined(grocer, "ann")
    text = GOOD[: GOOD.index("[[tiers.ladder]]")].replace("[tiers]", "")
    document = load(text, SECTIONS, "test")
    now = grocer.clock.now()
    without = Timeline((Programme(1, now, document),))
    async with grocer.database.read() as session:
        assert await queries.standings(session, now, grocer.brand, without, [ann]) == {ann: {}}
        timeline = await timeline_of(session, grocer)
        long_ago = datetime(2009, 1, 1, tzinfo=UTC)
        found = await queries.standings(session, long_ago, grocer.brand, timeline, [ann])
    assert found == {ann: {}}
