"""Aliases, choices, bans and friends, in the database."""

import asyncio
from datetime import timedelta

from api.sections import SECTIONS
from domain.households.rules_request import Answer, Change, Invitation, NewHousehold
from domain.households.service import HouseholdOutcome
from domain.households.service import change as change_households
from domain.programmes import queries as programmes
from gamification.leaderboards.queries_people import (
    absences,
    changes_of,
    faces,
    friends,
    friends_of,
    people_hidden,
)
from gamification.leaderboards.service_people import PersonChange, PersonOutcome
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.closing import Boards, board, opened
from tests.support.shop import Shop

NAMES = ("Ann", "Ben", "Cat", "Dan")


async def names(boards: Boards, language: str = "en") -> list[tuple[str, bool]]:
    ids = await boards.shop.member_ids(*NAMES)
    async with boards.database.read() as session:
        found = await faces(session, boards.shop.brand, ids, language)
    return [(found[id_].name, found[id_].is_alias) for id_ in ids]


async def hidden(boards: Boards, code: str = "", window_id: int = 0) -> list[str]:
    ids = dict(zip(await boards.shop.member_ids(*NAMES), NAMES, strict=True))
    async with boards.database.read() as session:
        found = await people_hidden(session, boards.shop.brand.id, list(ids), code, window_id)
    return sorted(ids[id_] for id_ in found)


async def told(boards: Boards) -> list[tuple[object, ...]]:
    return await boards.rows(
        "SELECT f.kind, m.external_id, f.payload ->> 'kind' FROM fact f"
        " JOIN member m ON m.id::text = f.subject WHERE f.kind ~ 'Ban|Board' ORDER BY f.id"
    )


def alias(key: str, member: str, name: str | None) -> PersonChange:
    return PersonChange(key, member, "set_alias", member, alias=name)


def codes(outcomes: list[PersonOutcome]) -> list[str | None]:
    return [each.code for each in outcomes]


async def test_who_has_no_alias_has_a_made_up_name_and_never_the_real_one(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    assert await names(boards) == [("Somebody", False)] * 4
    await boards.change(alias("1", "Ann", " Queen "))
    shown = await names(boards)
    assert shown[0] == ("Queen", True)
    assert len({name for name, _ in shown}) == 4
    assert not {name for name, _ in shown} & {*NAMES, "Somebody"}
    assert await names(boards) == shown
    numbers = [name.rpartition(" ")[2] for name, _ in shown[1:]]
    assert [name.rpartition(" ")[2] for name, _ in await names(boards, "vi")][1:] == numbers


async def test_the_worker_makes_salts(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, *NAMES)
    await boards.work()
    before = await names(boards)
    assert ("Somebody", False) not in before
    await boards.work()
    assert await names(boards) == before


async def test_an_alias_is_one_members_in_a_batch_and_later(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    first = await boards.change(
        alias("1", "Ann", "Bean"), alias("2", "Ben", "bean"), alias("3", "Ann", None)
    )
    assert codes(first) == [None, "ALIAS_TAKEN", None]
    assert codes(await boards.change(alias("4", "Ben", "bean"))) == [None]
    assert codes(await boards.change(alias("5", "Ann", "BEAN"))) == ["ALIAS_TAKEN"]
    moderated = PersonChange("6", "Ben", "moderate", "staff", "rude")
    assert codes(await boards.change(moderated, alias("7", "Ben", "Bob"))) == [None, None]
    again = await boards.change(alias("8", "Cat", "bean"), alias("9", "Ben", "Bean"))
    assert codes(again) == ["ALIAS_REMOVED", "ALIAS_REMOVED"]
    assert (await names(boards))[1] == ("Bob", True)


async def test_a_key_is_done_once(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, *NAMES)
    item = alias("1", "Ann", "Bean")
    again = await boards.change(item, item, alias("1", "Ann", "Other"))
    assert [(each.code, each.replayed) for each in again] == [
        (None, False),
        (None, True),
        ("KEY_CONFLICT", False),
    ]
    assert (await boards.change(item))[0].replayed
    assert await told(boards) == [("BoardChoiceChanged", "Ann", "set_alias")]


async def test_of_many_who_want_an_alias_at_once_one_gets_it(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    for turn in range(5):
        wanted = [alias(f"{turn} {name}", name, f"Bean {turn}") for name in NAMES]
        outcomes = await asyncio.gather(*(boards.change(item) for item in wanted))
        found = sorted(str(each[0].code) for each in outcomes)
        assert found == ["ALIAS_TAKEN", "ALIAS_TAKEN", "ALIAS_TAKEN", "None"]
    taken = await boards.rows("SELECT count(*), count(DISTINCT folded) FROM board_alias")
    assert taken[0][0] == taken[0][1]


async def test_hiding_and_bans_keep_members_off_where_they_say(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    outcomes = await boards.change(
        PersonChange("1", "Ann", "hide", "Ann"),
        PersonChange("2", "Ben", "hide", "Ben", board="spend"),
        PersonChange("3", "Cat", "ban", "staff", "cheats", board="spend", window_id=7),
        PersonChange("4", "Dan", "exclude", "staff", "works here"),
    )
    assert codes(outcomes) == [None] * 4
    assert await hidden(boards) == ["Ann", "Dan"]
    assert await hidden(boards, "spend") == ["Ann", "Ben", "Dan"]
    assert await hidden(boards, "spend", 7) == ["Ann", "Ben", "Cat", "Dan"]
    assert await hidden(boards, "other", 7) == ["Ann", "Dan"]
    await boards.change(
        PersonChange("5", "Ann", "show", "Ann"),
        PersonChange("6", "Ben", "show", "Ben", board="spend"),
        PersonChange("7", "Cat", "lift", "staff", "mercy", board="spend"),
        PersonChange("8", "Dan", "include", "staff", "left"),
    )
    assert await hidden(boards, "spend", 7) == []
    ids = await boards.shop.member_ids(*NAMES)
    async with database.read() as session:
        assert await absences(session, boards.shop.brand.id, ids) == {}
    assert await told(boards) == [
        ("BoardChoiceChanged", "Ann", "hide"),
        ("BoardChoiceChanged", "Ben", "hide"),
        ("MemberBanned", "Cat", "ban"),
        ("BoardChoiceChanged", "Dan", "exclude"),
        ("BoardChoiceChanged", "Ann", "show"),
        ("BoardChoiceChanged", "Ben", "show"),
        ("BanLifted", "Cat", "lift"),
        ("BoardChoiceChanged", "Dan", "include"),
    ]


async def test_a_ban_ends_at_its_instant_and_is_told_of(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    until = clock.now() + timedelta(hours=3)
    await boards.change(PersonChange("1", "Ann", "ban", "staff", "cheats", until=until))
    clock.move(timedelta(hours=2))
    await boards.change(
        PersonChange("2", "Ann", "ban", "staff", "again", until=until + timedelta(hours=1))
    )
    clock.move(timedelta(hours=1))
    await boards.work()
    assert await hidden(boards) == ["Ann"]
    clock.move(timedelta(hours=1))
    await boards.work()
    assert await hidden(boards) == []
    assert (await told(boards))[-1] == ("BanLifted", "Ann", None)


async def test_the_history_says_who_did_what_and_why(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES)
    await boards.change(alias("1", "Ann", "Bean"))
    clock.move(timedelta(hours=1))
    await boards.change(PersonChange("2", "Ann", "ban", "staff 7", "cheats", board="spend"))
    ann = await boards.member("Ann")
    async with database.read() as session:
        (newest,) = (await changes_of(session, boards.shop.brand.id, [ann], first=1))[ann]
        older = await changes_of(session, boards.shop.brand.id, [ann], first=9, before=newest.id)
    assert newest[1:6] == ("ban", "spend", 0, "staff 7", "cheats")
    assert [each.kind for each in older[ann]] == ["set_alias"]


async def test_erased_members_lose_their_names(database: Database, clock: MovableClock) -> None:
    boards = await opened(database, clock, *NAMES)
    await boards.change(alias("1", "Ann", "Bean"))
    ann = await boards.member("Ann")
    async with database.transaction() as session:
        await session.fetch(
            "INSERT INTO fact (tenant_id, kind, subject, payload, recorded_at)"
            " VALUES ($1, 'MemberErased', $2, '{}', $3)",
            boards.shop.brand.id,
            str(ann),
            clock.now(),
        )
    await boards.work()
    assert await boards.rows("SELECT alias FROM board_alias") == []


async def in_household(shop: Shop, owner: str, guest: str) -> None:
    """Let ``owner`` found a household and ``guest`` enter it."""

    async def change(item: Change) -> HouseholdOutcome:
        async def work(session: Session) -> HouseholdOutcome:
            timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
            now = shop.clock.now()
            (done,) = await change_households(session, now, shop.brand, timeline, [item])
            return done

        return await shop.database.write(work)

    await change(NewHousehold("1", owner, "Ours"))
    asked = await change(Invitation("2", owner, guest, "adult"))
    assert asked.invitation_id is not None
    entered = await change(Answer("3", guest, asked.invitation_id, accept=True))
    assert entered.code is None, entered


async def test_friends_share_a_household_or_brought_each_other(
    database: Database, clock: MovableClock
) -> None:
    boards = await opened(database, clock, *NAMES, text=board(more="\n[households]\nmembers = 4\n"))
    shop = boards.shop
    await in_household(shop, "Ann", "Ben")
    ann, ben, cat, dan = await shop.member_ids(*NAMES)
    async with database.transaction() as session:
        for friend, state in ((cat, "pending"), (dan, "review")):
            await session.fetch(
                "INSERT INTO referral (id, brand_id, referrer_id, friend_id, state, reason,"
                " version_id, claimed_at, expires_at)"
                " VALUES (gen_random_uuid(), $1, $2, $3, $4, 'x', 1, $5, $5)",
                shop.brand.id,
                ann,
                friend,
                state,
                clock.now(),
            )
    async with database.read() as session:
        found = await friends(session, shop.brand.id, [ann, ben, cat, dan])
        assert await friends_of(session, shop.brand.id, cat) == {ann}
    assert found == {ann: {ben, cat}, ben: {ann}, cat: {ann}, dan: set()}
