"""Households, in the database."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.households import queries, service, store
from domain.households.rules_request import (
    Answer,
    Change,
    Invitation,
    Leaving,
    NewHousehold,
    Removal,
    RoleChange,
)
from domain.households.service import HouseholdOutcome
from domain.programmes.queries import timeline
from kit.db import Database, Session
from tests.domain.households.conftest import PROGRAMME, Homes
from tests.support.programmes import GOOD
from tests.support.shop import opened_shop

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
# The shop is in New York; its days change clocks on 8 March.
ENDS = datetime(2026, 3, 17, 4, tzinfo=UTC)


async def test_a_family_is_founded_entered_left_and_ended(homes: Homes) -> None:
    ann, ben, _ = await homes.join("ann", "ben", "cid")
    (made,) = await homes.change(NewHousehold("new", "ann", "The Browns"))
    home = made.household_id
    assert home is not None
    assert made == HouseholdOutcome(home, ann)
    asked = await homes.invite("ann", "ben")
    (mine,) = await homes.invitations("ben")
    now = homes.shop.clock.now()
    assert (mine.id, mine.household_id, mine.household_name) == (asked, home, "The Browns")
    assert (mine.role, mine.invited_at, mine.expires_at) == ("adult", now, ENDS)
    (entered,) = await homes.change(Answer("yes", "ben", asked, accept=True))
    assert entered == HouseholdOutcome(home, ben, invitation_id=asked)
    assert await homes.invitations("ben") == []
    assert await homes.enter("ann", "cid", "child") is None
    family = {"ann": "owner", "ben": "adult", "cid": "child"}
    assert [await homes.people(name) for name in family] == [family] * 3

    assert await homes.code(Removal("go", "ann", "cid")) is None
    assert await homes.people("cid") == {}
    assert await homes.code(Leaving("bye", "ann")) is None
    assert [await homes.people(name) for name in family] == [{}, {}, {}]
    told = [
        (kind, name, {key: value for key, value in said.items() if key in {"role", "why"}})
        for kind, name, said in await homes.facts()
    ]
    assert told == [
        ("HouseholdEntered", "ann", {"role": "owner"}),
        ("HouseholdInvited", "ben", {"role": "adult"}),
        ("HouseholdEntered", "ben", {"role": "adult"}),
        ("HouseholdInvited", "cid", {"role": "child"}),
        ("HouseholdEntered", "cid", {"role": "child"}),
        ("HouseholdLeft", "cid", {"why": "removed"}),
        ("HouseholdLeft", "ann", {"why": "ended"}),
        ("HouseholdLeft", "ben", {"why": "ended"}),
    ]
    assert {said["household"] for _, _, said in await homes.facts()} == {str(home)}


async def test_who_is_asked_may_say_no_and_be_asked_again(homes: Homes) -> None:
    await homes.join("ann", "ben")
    await homes.found("ann")
    asked = await homes.invite("ann", "ben")
    assert await homes.code(Answer("no", "ben", asked, accept=False)) is None
    assert (await homes.people("ben"), await homes.invitations("ben")) == ({}, [])
    assert await homes.code(Answer("yes", "ben", asked, accept=True)) == "INVITATION_NOT_FOUND"
    homes.shop.clock.move(MOMENT)
    assert await homes.enter("ann", "ben") is None


async def test_an_invitation_counts_until_before_its_last_moment(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid")
    await homes.found("ann")
    of_ben, of_cid = await homes.invite("ann", "ben"), await homes.invite("ann", "cid")
    homes.shop.clock.set(ENDS - MOMENT)
    assert await homes.code(Invitation("early", "ann", "cid", "adult")) == "ALREADY_INVITED"
    assert await homes.code(Answer("in time", "ben", of_ben, accept=True)) is None
    homes.shop.clock.move(MOMENT)
    assert await homes.invitations("cid") == []
    assert await homes.code(Answer("late", "cid", of_cid, accept=True)) == "INVITATION_EXPIRED"
    assert await homes.code(Answer("no", "cid", of_cid, accept=False)) == "INVITATION_EXPIRED"
    assert await homes.enter("ann", "cid") is None
    assert await homes.code(Answer("old", "cid", of_cid, accept=True)) == "INVITATION_EXPIRED"


async def test_who_left_enters_another_once_the_days_are_over(homes: Homes) -> None:
    await homes.join("ann", "ben", "dan")
    await homes.found("ann", "ben")
    await homes.found("dan")
    assert await homes.code(Leaving("bye", "ben")) is None
    asked = await homes.invite("dan", "ben")
    homes.shop.clock.set(datetime(2026, 3, 9, 4, tzinfo=UTC) - MOMENT)
    assert await homes.code(Answer("early", "ben", asked, accept=True)) == "TOO_SOON"
    assert await homes.code(NewHousehold("early too", "ben", "Ben's")) == "TOO_SOON"
    homes.shop.clock.move(MOMENT)
    assert await homes.code(Answer("in time", "ben", asked, accept=True)) is None
    assert await homes.people("ben") == {"dan": "owner", "ben": "adult"}


async def test_who_left_may_come_back_at_once(homes: Homes) -> None:
    await homes.join("ann", "ben")
    await homes.found("ann", "ben")
    assert await homes.code(Leaving("bye", "ben")) is None
    asked = await homes.change(Invitation("again", "ann", "ben", "child"))
    back = Answer("back", "ben", asked[0].invitation_id or UUID(int=0), accept=True)
    assert await homes.code(back) is None
    assert await homes.people("ann") == {"ann": "owner", "ben": "child"}


async def test_another_adult_takes_over_and_the_household_lives_on(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid")
    await homes.found("ann", "ben")
    assert await homes.enter("ann", "cid", "child") is None
    assert await homes.code(RoleChange("no", "ann", "cid", "owner")) == "INVALID_ROLE"
    assert await homes.code(RoleChange("yes", "ann", "ben", "owner")) is None
    assert await homes.people("cid") == {"ben": "owner", "ann": "adult", "cid": "child"}
    assert await homes.code(RoleChange("mine no more", "ann", "cid", "adult")) == "NOT_THE_OWNER"
    assert await homes.code(RoleChange("grown up", "ben", "cid", "adult")) is None
    assert await homes.code(Leaving("bye", "ann")) is None
    assert await homes.people("cid") == {"ben": "owner", "cid": "adult"}


REFUSED: list[tuple[Change, str]] = [
    (NewHousehold("k", "nobody", "Home"), "UNKNOWN_MEMBER"),
    (NewHousehold("k", "eva", " "), "INVALID_NAME"),
    (NewHousehold("k", "eva", "x" * 101), "INVALID_NAME"),
    (NewHousehold("k", "ben", "Home"), "ALREADY_IN_HOUSEHOLD"),
    (Invitation("k", "ann", "nobody", "adult"), "UNKNOWN_MEMBER"),
    (Invitation("k", "nobody", "eva", "adult"), "UNKNOWN_MEMBER"),
    (Invitation("k", "eva", "ann", "adult"), "NOT_IN_HOUSEHOLD"),
    (Invitation("k", "ben", "eva", "adult"), "NOT_THE_OWNER"),
    (Invitation("k", "ann", "eva", "owner"), "INVALID_ROLE"),
    (Invitation("k", "ann", "ben", "adult"), "ALREADY_IN_HOUSEHOLD"),
    (Invitation("k", "ann", "ann", "adult"), "ALREADY_IN_HOUSEHOLD"),
    (Invitation("k", "ann", "eva", "adult"), "HOUSEHOLD_FULL"),
    (Answer("k", "eva", UUID(int=1), accept=True), "INVITATION_NOT_FOUND"),
    (Leaving("k", "eva"), "NOT_IN_HOUSEHOLD"),
    (Removal("k", "eva", "ann"), "NOT_IN_HOUSEHOLD"),
    (Removal("k", "ben", "cid"), "NOT_THE_OWNER"),
    (Removal("k", "ann", "eva"), "NOT_IN_HOUSEHOLD"),
    (Removal("k", "ann", "ann"), "IS_THE_OWNER"),
    (RoleChange("k", "ann", "ann", "adult"), "IS_THE_OWNER"),
    (RoleChange("k", "ann", "ben", "aunt"), "INVALID_ROLE"),
]


async def test_refusals_have_codes_and_leave_the_others_of_a_batch_alone(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid", "dan", "eva")
    await homes.found("ann", "ben", "cid")
    items = [item for item, _ in REFUSED]
    *refused, made = await homes.change(*items, NewHousehold("good", "dan", "Dan's"))
    assert [each.code for each in refused] == [code for _, code in REFUSED]
    assert all(each.message and each.household_id is None for each in refused)
    assert made.code is None
    assert await homes.people("ann") == {"ann": "owner", "ben": "adult", "cid": "adult"}


async def test_an_invitation_is_only_for_whom_it_names_and_while_its_household_lives(
    homes: Homes,
) -> None:
    await homes.join("ann", "ben", "cid")
    await homes.found("ann")
    asked = await homes.invite("ann", "ben")
    assert await homes.code(Answer("mine?", "cid", asked, accept=True)) == "INVITATION_NOT_FOUND"
    assert await homes.code(Leaving("bye", "ann")) is None
    assert await homes.invitations("ben") == []
    assert await homes.code(Answer("late", "ben", asked, accept=True)) == "INVITATION_NOT_FOUND"


async def test_a_key_changes_once_and_is_for_one_change_only(homes: Homes) -> None:
    await homes.join("ann", "ben")
    first, again, other, another = await homes.change(
        NewHousehold("one", "ann", "Home"),
        NewHousehold("one", "ann", "Home"),
        NewHousehold("one", "ben", "Home"),
        Leaving("one", "ann"),
    )
    assert again == HouseholdOutcome(first.household_id, first.member_id, replayed=True)
    assert (other.code, another.code) == ("KEY_CONFLICT", "KEY_CONFLICT")
    asked = await homes.invite("ann", "ben")
    for replayed in (False, True):
        (outcome,) = await homes.change(Answer("two", "ben", asked, accept=True))
        assert (outcome.code, outcome.replayed) == (None, replayed)
        assert (outcome.household_id, outcome.invitation_id) == (first.household_id, asked)
    (outcome,) = await homes.change(Answer("two", "ben", asked, accept=False))
    assert outcome.code == "KEY_CONFLICT"
    assert await homes.code(NewHousehold("three", "ben", "Mine")) == "ALREADY_IN_HOUSEHOLD"
    assert await homes.code(Leaving("three", "ben")) is None


async def test_without_the_section_nobody_enters_and_everybody_can_leave(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid", "dan")
    await homes.found("ann", "ben")
    asked = await homes.invite("ann", "cid")
    homes.shop.clock.move(DAY)
    await homes.shop.apply(GOOD, homes.shop.clock.now())
    for item in (
        NewHousehold("1", "dan", "Home"),
        Invitation("2", "ann", "dan", "adult"),
        Answer("3", "cid", asked, accept=True),
        RoleChange("4", "ann", "ben", "child"),
    ):
        assert await homes.code(item) == "NO_HOUSEHOLDS"
    assert await homes.code(Answer("5", "cid", asked, accept=False)) is None
    assert await homes.code(Removal("6", "ann", "ben")) is None
    assert await homes.code(Leaving("7", "ann")) is None


async def test_fewer_places_send_nobody_away_and_let_nobody_in(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid")
    await homes.found("ann", "ben")
    asked = await homes.invite("ann", "cid")
    homes.shop.clock.move(DAY)
    fewer = PROGRAMME.replace("members = 3", "members = 2")
    await homes.shop.apply(fewer, homes.shop.clock.now())
    assert await homes.code(Answer("yes", "cid", asked, accept=True)) == "HOUSEHOLD_FULL"
    assert await homes.people("ann") == {"ann": "owner", "ben": "adult"}


async def test_fifty_who_accept_the_last_place_at_once_are_one(homes: Homes) -> None:
    names = [f"guest {number}" for number in range(50)]
    await homes.join("ann", "ben", *names)
    await homes.found("ann", "ben")
    asked = await homes.change(*(Invitation(name, "ann", name, "adult") for name in names))
    ids = [each.invitation_id for each in asked if each.invitation_id is not None]
    told = await asyncio.gather(
        *(
            homes.code(Answer(f"yes {name}", name, invitation, accept=True))
            for name, invitation in zip(names, ids, strict=True)
        )
    )
    assert Counter(told) == {None: 1, "HOUSEHOLD_FULL": 49}
    assert len(await homes.people("ann")) == 3


async def test_who_enters_two_at_once_is_in_one(homes: Homes) -> None:
    owners = [f"owner {number}" for number in range(8)]
    await homes.join("ann", *owners)
    invitations = []
    for owner in owners:
        await homes.found(owner)
        invitations.append(await homes.invite(owner, "ann"))
    told = await asyncio.gather(
        *(homes.code(Answer(str(each), "ann", each, accept=True)) for each in invitations),
        homes.code(NewHousehold("mine", "ann", "Mine")),
    )
    assert Counter(told) == {None: 1, "ALREADY_IN_HOUSEHOLD": 8}


async def test_who_accepts_while_the_owner_leaves_is_in_none(homes: Homes) -> None:
    await homes.join("ann", "ben")
    for number in range(6):
        await homes.change(NewHousehold(f"home {number}", "ann", "Home"))
        asked = await homes.invite("ann", "ben")
        left, entered = await asyncio.gather(
            homes.code(Leaving(f"bye {number}", "ann")),
            homes.code(Answer(f"yes {number}", "ben", asked, accept=True)),
        )
        assert (left, entered in {None, "INVITATION_NOT_FOUND"}) == (None, True)
        assert await homes.people("ben") == {}
        homes.shop.clock.move(7 * DAY)


async def test_whoever_decides_by_a_household_has_it_as_it_is_until_the_end(
    homes: Homes,
) -> None:
    ann, ben = await homes.join("ann", "ben")
    home = await homes.found("ann", "ben")
    brand = homes.shop.brand
    async with homes.shop.database.transaction() as session:
        kept = await store.share(session, brand.id, [ben])
        leaving = asyncio.create_task(homes.code(Leaving("bye", "ben")))
        done, _ = await asyncio.wait([leaving], timeout=0.3)
        assert not done
        assert [each.member_id for each in kept[ben].people] == [ann, ben]
        assert kept[ben].id == home
    assert await leaving is None


@pytest.mark.parametrize("size", [1, 20])
async def test_a_batch_of_any_size_takes_as_many_statements(homes: Homes, size: int) -> None:
    names = [f"member {number}" for number in range(20)]
    await homes.join(*names)
    items = [NewHousehold(name, name, "Home") for name in names[:size]]

    async def work(session: Session) -> int:
        # A connection asks once about each type of list.
        await session.fetch("SELECT $1::boolean[], $2::bytea[]", [], [])
        known = await timeline(session, homes.shop.brand.id, SECTIONS)
        now = homes.shop.clock.now()
        sent: list[str] = []
        with session.driver.query_logger(lambda record: sent.append(record.query)):
            await service.change(session, now, homes.shop.brand, known, items)
            await asyncio.sleep(0)
        return len(sent)

    assert await homes.shop.database.write(work) == 11


async def test_other_brands_have_other_households(homes: Homes, database: Database) -> None:
    await homes.join("ann", "ben")
    home = await homes.found("ann")
    asked = await homes.invite("ann", "ben")
    other = Homes(
        await opened_shop(database, homes.shop.clock, PROGRAMME.replace('"shop"', '"inn"'))
    )
    (ben,) = await other.join("ben")
    assert await other.code(Answer("yes", "ben", asked, accept=True)) == "INVITATION_NOT_FOUND"
    assert await other.code(Invitation("in", "ann", "ben", "adult")) == "UNKNOWN_MEMBER"
    async with database.read() as session:
        mine, theirs = homes.shop.brand.id, other.shop.brand.id
        assert await store.of_members(session, mine, [ben]) == {}
        now = homes.shop.clock.now()
        for brand_id, ids in ((mine, {home}), (theirs, set())):
            found = await queries.households(session, brand_id, [home])
            assert found.keys() == ids
            assert (await queries.invitations(session, now, brand_id, [asked])).keys() == (
                {asked} if ids else set()
            )
