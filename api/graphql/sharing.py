"""Reads in batches of what members have with others: households, gifts, referrals."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.graphql.reads import Reads
from api.graphql.shared import Shared, batched
from api.graphql.spending import Place, Wanted, id_at, within
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.gifts import queries as gifts
from domain.gifts.queries import Gift
from domain.households import queries as households
from domain.households.queries import Invitation
from domain.households.rules import Household
from domain.members import queries as members
from domain.members.queries import Member
from domain.programmes import queries as programmes
from domain.referrals import queries as referrals
from domain.referrals.queries import Referral
from domain.referrals.service import codes_of
from domain.wallets import queries as wallets
from kit.db import Session

SHOWN = frozenset({"review", "pending", "qualified", "rewarded"})
"""The states of referrals that members see."""


class Sharing:
    """The batched reads of one brand at one instant, as `api.graphql.loaders.Loaders`."""

    def __init__(
        self,
        reads: Reads,
        brand: Brand,
        now: datetime,
        people: DataLoader[UUID, Member | None],
    ) -> None:
        self._reads = reads
        self._brand = brand
        self._now = now
        self._members = people
        self.met: dict[UUID, Member] = {}
        """Whom households, gifts and referrals that were read are about."""
        self.households: DataLoader[UUID, Household | None] = batched(reads, self._households)
        self.households_of: DataLoader[UUID, Household | None] = batched(reads, self._households_of)
        self.spendable: DataLoader[Household, int | None] = batched(reads, self._spendable)
        self.invitations: DataLoader[UUID, Invitation | None] = batched(reads, self._invitations)
        self.invitations_of: DataLoader[UUID, list[Invitation] | None] = batched(
            reads, self._invitations_of
        )
        self.gifts: DataLoader[UUID, Gift | None] = batched(reads, self._gifts)
        self.gift_pages: DataLoader[Wanted, list[Gift] | None] = batched(reads, self._gift_pages)
        self.codes: DataLoader[UUID, str | None] = Shared(load_fn=self._codes)
        self.referrals: DataLoader[UUID, Referral | None] = batched(reads, self._referrals)
        self.brought_by: DataLoader[UUID, Referral | None] = batched(reads, self._brought_by)
        self.referral_pages: DataLoader[Wanted, list[Referral] | None] = batched(
            reads, self._referral_pages
        )

    async def _meet(self, session: Session, ids: Iterable[UUID]) -> None:
        """Read the members whom the rows just read are about: always, and all at once."""
        self.met |= await members.by_ids(session, self._brand.id, list(set(ids)))

    async def meet_both(self, session: Session, found: Iterable[Referral]) -> None:
        """Read the members whom referrals are about."""
        await self._meet(session, _both(found))

    async def _households(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Household]:
        found = await households.households(session, self._brand.id, ids)
        await self._meet(session, _people(found.values()))
        return found

    async def _households_of(
        self, session: Session, member_ids: list[UUID]
    ) -> Mapping[UUID, Household]:
        found = await households.households_of(session, self._brand.id, member_ids)
        await self._meet(session, _people(found.values()))
        return found

    async def _spendable(self, session: Session, asked: list[Household]) -> Mapping[Household, int]:
        """Return what households have together; who is below zero takes nothing from others."""
        found = await wallets.balances(session, self._now, self._brand.id, _people(asked))
        mine = {member_id: max(balance.spendable, 0) for member_id, balance in found.items()}
        return {each: sum(mine.get(person, 0) for person in _people([each])) for each in asked}

    async def _invitations(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Invitation]:
        return await households.invitations(session, self._now, self._brand.id, ids)

    async def _invitations_of(
        self, session: Session, member_ids: list[UUID]
    ) -> Mapping[UUID, list[Invitation]]:
        return await households.invitations_of(session, self._now, self._brand.id, member_ids)

    async def _gifts(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Gift]:
        found = await gifts.gifts(session, self._brand.id, ids)
        await self._meet(session, _sides(found.values()))
        return found

    async def _gift_pages(
        self, session: Session, wanted: list[Wanted]
    ) -> Mapping[Wanted, list[Gift]]:
        found: dict[Wanted, list[Gift]] = {}
        for page, states in dict.fromkeys((each.page, each.states) for each in wanted):
            ids = [each.member_id for each in wanted if each.page == page]
            by_member = await gifts.gifts_of(
                session,
                self._brand.id,
                ids,
                first=page.size + 1,
                before=None if page.backwards else id_at(page.after),
                after=id_at(page.before) if page.backwards else None,
                oldest_first=page.backwards,
            )
            for member_id, mine in by_member.items():
                found[Wanted(member_id, page, states)] = within(page, mine, given_at)
        await self._meet(session, _sides(chain.from_iterable(found.values())))
        return found

    async def _codes(self, member_ids: list[UUID]) -> list[str | None]:
        async with self._reads.session() as session:
            found = await referrals.code_of(session, self._brand.id, member_ids)
        missing = [each for each in member_ids if each not in found]
        if missing:
            found |= await self._made(missing)
        return [found.get(each) for each in member_ids]

    async def _made(self, member_ids: list[UUID]) -> dict[UUID, str]:
        """Make the codes of members who never asked for theirs."""
        people = [each for each in await self._members.load_many(member_ids) if each]

        async def work(session: Session) -> dict[str, str]:
            timeline = await programmes.timeline_to_write(session, self._brand.id, SECTIONS)
            names = [each.external_id for each in people]
            return await codes_of(session, self._now, self._brand, timeline, names)

        made = await self._reads.apart(work)
        return {each.id: made[each.external_id] for each in people if each.external_id in made}

    async def _referrals(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Referral]:
        found = await referrals.referrals(session, self._brand.id, ids)
        await self.meet_both(session, found.values())
        return found

    async def _brought_by(
        self, session: Session, member_ids: list[UUID]
    ) -> Mapping[UUID, Referral]:
        found = await referrals.of_friends(session, self._brand.id, member_ids)
        await self.meet_both(session, found.values())
        return found

    async def _referral_pages(
        self, session: Session, wanted: list[Wanted]
    ) -> Mapping[Wanted, list[Referral]]:
        found: dict[Wanted, list[Referral]] = {}
        for page, states in dict.fromkeys((each.page, each.states) for each in wanted):
            ids = [each.member_id for each in wanted if (each.page, each.states) == (page, states)]
            of = session, self._brand.id, ids
            only: dict[str, Any] = {"first": page.size + 1, "states": states}
            if page.backwards:
                after = id_at(page.before)
                by_member = await referrals.oldest_of_members(*of, after=after, **only)
            else:
                by_member = await referrals.of_members(*of, before=id_at(page.after), **only)
            for member_id, mine in by_member.items():
                found[Wanted(member_id, page, states)] = within(page, mine, brought_at)
        await self.meet_both(session, chain.from_iterable(found.values()))
        return found


def given_at(found: Gift) -> Place:
    """Return where a gift stands in a list."""
    return found.given_at, found.id


def brought_at(found: Referral) -> Place:
    """Return where a referral stands in a list."""
    return found.claimed_at, found.id


def _people(found: Iterable[Household]) -> list[UUID]:
    return [person.member_id for each in found for person in each.people]


def _sides(found: Iterable[Gift]) -> list[UUID]:
    return [side for each in found for side in (each.giver_id, each.receiver_id)]


def _both(found: Iterable[Referral]) -> list[UUID]:
    return [side for each in found for side in (each.referrer_id, each.friend_id)]
