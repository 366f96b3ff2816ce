"""What claims are decided on, loaded for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.members.queries import Member
from domain.referrals import rules, store
from domain.referrals.rules import Ground, Person, is_recent, marks, spans
from domain.referrals.rules_course import OpenReferral
from domain.referrals.section import ReferralsSection
from kit.db import LostRaceError, Session
from kit.facts import Fact
from kit.texts import usable


@dataclass(frozen=True, slots=True)
class Ask:
    """A sound claim: of a known member, with somebody's code."""

    friend: UUID
    referrer: UUID
    followed_at: datetime | None


async def named(session: Session, brand: Brand, external_ids: Sequence[str]) -> dict[str, Member]:
    """Return the members whom the brand knows by these ids, whatever else is asked for."""
    # What no member can be called may be what no database can look for.
    names = {name for name in external_ids if usable(name)}
    return await members.by_external_ids(session, brand.id, sorted(names))


async def ground_of(
    session: Session,
    now: datetime,
    brand: Brand,
    section: ReferralsSection,
    asks: Sequence[Ask],
) -> Ground:
    """Return what ``asks`` are decided on, as it stands before the first of them."""
    friends = {each.friend for each in asks}
    referrers = {each.referrer for each in asks}
    known = await members.by_ids(session, brand.id, list(friends | referrers))
    if any(each.id != asked for asked, each in known.items()):
        # Merged since they were named; whoever merges holds the same lock as the caller.
        raise LostRaceError
    # Whom somebody else brought years ago may have brought thousands: they are refused anyway.
    recent = [each for each in friends if is_recent(section, brand, known[each].joined_at, now)]
    edges = await store.lineage(session, friends | referrers, recent)
    if section.signals:
        others = {each for edge in edges for each in edge} - known.keys()
        known |= await members.by_ids(session, brand.id, list(others))
    people = {each.id: _person(section, each) for each in known.values()}
    around = spans(section, brand, now)
    keys = [(referrer, span) for referrer in referrers for span in around]
    ground = Ground(brand, section, people, await store.counts(session, brand.id, keys))
    for edge in edges:
        ground.link(*edge)
    told = {(each.referrer, name) for each in asks for name, _ in people[each.friend].marks}
    ground.seen = await store.seen(session, list(told))
    return ground


async def became_one(
    session: Session, brand: Brand, items: Sequence[tuple[ReferralsSection, OpenReferral]]
) -> set[UUID]:
    """Return which of these referrals, in order, brought somebody by now known to be the same.

    Each is judged by the signals of its section; one that is found is no link for those after it.
    """
    told = [(section, item) for section, item in items if section.signals]
    if not told:
        return set()
    edges = await store.lineage(session, [item.friend_id for _, item in told], [])
    known = await members.by_ids(session, brand.id, list({each for edge in edges for each in edge}))
    people = {
        section.signals: {each.id: _person(section, each) for each in known.values()}
        for section, _ in told
    }
    referrers = {friend: {referrer} for friend, referrer in edges}
    found = set()
    for section, item in told:
        if rules.became_one(referrers, people[section.signals], item.friend_id):
            found.add(item.id)
            del referrers[item.friend_id]
    return found


def _person(section: ReferralsSection, member: Member) -> Person:
    return Person(member.id, member.joined_at, marks(section.signals, member.attributes))


def claimed(brand: Brand, referral_id: UUID, friend_id: UUID) -> Fact:
    """Return the fact by which what the friend has done since is looked up."""
    return Fact(brand.id, "ReferralClaimed", str(friend_id), {"referral": str(referral_id)})
