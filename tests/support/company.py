"""A crowd of members who have to do with each other: households, gifts, referrals, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.graphql import ids
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.gifts.rules import NewGift
from domain.gifts.service import give
from domain.households import service as households
from domain.households.rules_request import Answer, Change, Invitation, NewHousehold
from domain.households.service import HouseholdOutcome
from domain.members.rules import MemberChange
from domain.members.service import NewMember, update
from domain.programmes.queries import timeline_to_write
from domain.programmes.rules import Timeline
from domain.referrals.service import Claim, ClaimOutcome, claim, codes_of
from kit.db import Session
from tests.support.client import Client

GUEST = "guest"
"""Somebody who has just joined and has to do with nobody yet."""


@dataclass(frozen=True)
class Company:
    """What m0, m1 and m2 have with each other, and so on by threes; ids are those of the API.

    m0 owns a household in which m1 is ``person``, and has asked m2 in. m1 gave points to m0 and
    m2 and brought both by ``code``; the second one, ``referral``, waits for staff.
    """

    invitation: str
    person: str
    code: str
    referral: str


async def together(client: Client, size: int) -> Company:
    """Let so many members, m0 and m1 and so on, have to do with each other."""
    shop = client.shop
    threes = [[f"m{n + place}" for place in range(3)] for n in range(0, size - 2, 3)]
    await shop.enrol(NewMember(GUEST, shop.clock.now(), "Guest"))
    # Of the second whom somebody brings there is something to look at: both share a device.
    changes = [
        MemberChange(name, attributes={"device": owner})
        for owner, _, guest in threes
        for name in (owner, guest)
    ]

    async def work(session: Session) -> tuple[HouseholdOutcome, str, ClaimOutcome]:
        now, brand = shop.clock.now(), shop.brand
        await update(session, now, brand, changes)
        timeline = await timeline_to_write(session, brand.id, SECTIONS)
        of = session, now, brand, timeline
        given = [
            NewGift(f"{giver} {name}", giver, name, 50, "Hello")
            for owner, giver, guest in threes
            for name in (owner, guest)
        ]
        assert {each.code for each in await give(*of, given)} == {None}
        asked = await _households(of, threes)
        names = [*(f"m{number}" for number in range(size)), GUEST]
        codes = await codes_of(*of, names)
        claims = [
            Claim(name, codes[referrer])
            for owner, referrer, guest in threes
            for name in (owner, guest)
        ]
        told = await claim(*of, claims)
        assert [each.state for each in told] == ["pending", "review"] * len(threes)
        return asked, codes["m1"], told[1]

    asked, code, waits = await shop.database.write(work)
    (m1,) = await shop.member_ids("m1")
    return Company(
        ids.encode("HouseholdInvitation", str(asked.invitation_id)),
        ids.encode("HouseholdPerson", f"{asked.household_id}.{m1}"),
        code,
        ids.encode("Referral", str(waits.referral_id)),
    )


async def _households(
    of: tuple[Session, datetime, Brand, Timeline], threes: Sequence[Sequence[str]]
) -> HouseholdOutcome:
    """Found a household of two in every three; return how m2 was asked into one."""
    changes: list[Change] = []
    for owner, adult, guest in threes:
        changes += [
            NewHousehold(f"home {owner}", owner, f"{owner}'s"),
            Invitation(f"ask {adult}", owner, adult, "adult"),
            Invitation(f"ask {guest}", owner, guest, "adult"),
        ]
    done = await households.change(*of, changes)
    answers = [
        Answer(f"yes {each}", three[1], each.invitation_id, accept=True)
        for three, each in zip(threes, done[1::3], strict=True)
        if each.invitation_id
    ]
    assert {each.code for each in [*done, *await households.change(*of, answers)]} == {None}
    return done[2]
