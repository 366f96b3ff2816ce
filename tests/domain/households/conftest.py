"""A shop whose members may form households of three."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.households import queries, service
from domain.households.queries import Invitation as Open
from domain.households.rules_request import (
    Answer,
    Change,
    Invitation,
    NewHousehold,
)
from domain.households.service import HouseholdOutcome
from domain.members.service import NewMember
from domain.programmes.queries import timeline_to_write
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop

PROGRAMME = f"""{GOOD}
[households]
members = 3
invitation_days = 14
cool_off_days = 7
"""


@dataclass(frozen=True)
class Homes:
    """The shop's households."""

    shop: Shop

    async def join(self, *names: str) -> list[UUID]:
        await self.shop.enrol(*(NewMember(name, self.shop.clock.now()) for name in names))
        return await self.shop.member_ids(*names)

    async def change(self, *items: Change) -> list[HouseholdOutcome]:
        """Make changes in one batch."""

        async def work(session: Session) -> list[HouseholdOutcome]:
            timeline = await timeline_to_write(session, self.shop.brand.id, SECTIONS)
            now = self.shop.clock.now()
            return await service.change(session, now, self.shop.brand, timeline, items)

        return await self.shop.database.write(work)

    async def code(self, item: Change) -> str | None:
        (outcome,) = await self.change(item)
        return outcome.code

    async def found(self, owner: str, *others: str) -> UUID:
        """Let ``owner`` found a household and the others enter it as adults."""
        (outcome,) = await self.change(NewHousehold(f"found {owner}", owner, f"{owner}'s"))
        assert outcome.code is None
        for name in others:
            assert await self.enter(owner, name) is None
        assert outcome.household_id is not None
        return outcome.household_id

    async def invite(self, owner: str, name: str, role: str = "adult") -> UUID:
        now = self.shop.clock.now()
        (asked,) = await self.change(Invitation(f"{owner} {name} {now}", owner, name, role))
        assert (asked.code, asked.invitation_id is None) == (None, False), asked
        assert asked.invitation_id is not None
        return asked.invitation_id

    async def enter(self, owner: str, name: str, role: str = "adult") -> str | None:
        asked = await self.invite(owner, name, role)
        return await self.code(Answer(f"yes {asked}", name, asked, accept=True))

    async def people(self, name: str) -> dict[str, str]:
        """Return who is in a member's household, by role."""
        (member_id,) = await self.shop.member_ids(name)
        async with self.shop.database.read() as session:
            found = await queries.households_of(session, self.shop.brand.id, [member_id])
            rows = await session.fetch("SELECT id, external_id FROM member")
        names = {row["id"]: row["external_id"] for row in rows}
        if member_id not in found:
            return {}
        return {names[each.member_id]: each.role for each in found[member_id].people}

    async def invitations(self, name: str) -> list[Open]:
        (member_id,) = await self.shop.member_ids(name)
        now, brand_id = self.shop.clock.now(), self.shop.brand.id
        async with self.shop.database.read() as session:
            found = await queries.invitations_of(session, now, brand_id, [member_id])
        return found[member_id]

    async def facts(self) -> list[tuple[str, str, dict[str, str]]]:
        """Return what was told about households, the first first."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT kind, external_id, payload FROM fact JOIN member m ON m.id::text = subject"
                " WHERE kind LIKE 'Household%' ORDER BY fact.id"
            )
        return [tuple(row) for row in rows]


@pytest.fixture
async def homes(database: Database, clock: MovableClock) -> AsyncIterator[Homes]:
    """The shop of households. Coherent at the end."""
    yield Homes(await opened_shop(database, clock, PROGRAMME))
    await assert_coherent(database)
