"""The verbs by which members join and leave challenges that they must choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes.rules import Timeline
from gamification.challenges import store_entries as store
from gamification.challenges.rules_compile import plan_of
from gamification.challenges.section import Challenge, ChallengesSection
from gamification.challenges.store_entries import Entry
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id
from kit.texts import usable


class Joining(NamedTuple):
    """That a member, by the name the brand knows, joins or leaves a challenge."""

    key: str
    member: str
    challenge: str


@dataclass(frozen=True, slots=True)
class JoinOutcome:
    """What became of it. ``code`` None: it is done, now or (``replayed``) before."""

    member_id: UUID | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False


class Why(NamedTuple):
    """Why it is refused."""

    code: str
    message: str


_UNKNOWN_MEMBER = Why("UNKNOWN_MEMBER", "the brand has no such member; enrol first")
_UNKNOWN = Why("UNKNOWN_CHALLENGE", "the programme in force has no such challenge")
_BY_ITSELF = Why("NOT_OPT_IN", "nobody has to join this challenge: everyone is in it")
_OVER = Why("CHALLENGE_OVER", "the challenge is over; choose another one")
_JOINED = Why("ALREADY_JOINED", "the member is in this challenge already")
_NOT_JOINED = Why("NOT_JOINED", "the member is not in this challenge")
_CONFLICT = Why("KEY_CONFLICT", "this key was used for another member or challenge; give a new one")


async def join(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Joining]
) -> list[JoinOutcome]:
    """Let members join challenges; an outcome for each, in order.

    From then on what they do counts. The same key again is replayed. Refusals: UNKNOWN_MEMBER,
    UNKNOWN_CHALLENGE, NOT_OPT_IN, CHALLENGE_OVER, ALREADY_JOINED, KEY_CONFLICT. Records the facts
    ChallengeJoined. Six statements at most, however many items there are.
    """
    ids = [derived_id("challenge join", str(brand.id), each.key) for each in items]
    there = await _There.load(session, now, brand, timeline, items)
    known = {each.id: each for each in await store.by_ids(session, brand.id, ids)}
    new: list[Entry] = []

    def decide(id_: UUID, item: Joining) -> JoinOutcome:
        before = known.get(id_)
        if before is not None:
            return there.replayed(item, before)
        member_id, why = there.refusal(item)
        if why is None and member_id and (member_id, item.challenge) in there.open:
            why = _JOINED
        if why is not None or member_id is None:
            return _refused(why or _UNKNOWN_MEMBER)
        entry = Entry(id_, item.challenge, member_id, now, None, None)
        known[id_] = entry
        there.open[member_id, item.challenge] = [entry]
        new.append(entry)
        return JoinOutcome(member_id)

    outcomes = [decide(*each) for each in zip(ids, items, strict=True)]
    await store.insert(session, brand.id, new)
    await record(session, now, [_fact(brand, "ChallengeJoined", each) for each in new])
    return outcomes


async def leave(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Joining]
) -> list[JoinOutcome]:
    """Let members leave challenges that they joined; an outcome for each, in order.

    What is not completed is given up: who joins again begins with nothing done. What was put into
    a shared bar stays in it. The same key again is replayed. Refusals: UNKNOWN_MEMBER,
    NOT_JOINED, KEY_CONFLICT. Records the facts ChallengeLeft. Six statements at most.
    """
    ids = [derived_id("challenge leave", str(brand.id), each.key) for each in items]
    there = await _There.load(session, now, brand, timeline, items)
    known = {each.left_by: each for each in await store.by_leaving(session, brand.id, ids)}
    gone: list[Entry] = []

    def decide(id_: UUID, item: Joining) -> JoinOutcome:
        before = known.get(id_)
        if before is not None:
            return there.replayed(item, before)
        member_id = there.people.get(item.member)
        if member_id is None:
            return _refused(_UNKNOWN_MEMBER)
        entries = there.open.pop((member_id, item.challenge), [])
        if not entries:
            return _refused(_NOT_JOINED)
        left = [Entry(*each[:4], max(now, each.joined_at), id_) for each in entries]
        known[id_] = left[0]
        gone.extend(left)
        return JoinOutcome(member_id)

    outcomes = [decide(*each) for each in zip(ids, items, strict=True)]
    await store.leave(session, gone)
    await record(session, now, [_fact(brand, "ChallengeLeft", each) for each in gone])
    return outcomes


@dataclass(frozen=True)
class _There:
    """What joining and leaving is decided on."""

    people: dict[str, UUID]
    challenges: dict[str, Challenge]
    open: dict[tuple[UUID, str], list[Entry]]
    is_over: Callable[[str], bool]

    @classmethod
    async def load(
        cls,
        session: Session,
        now: datetime,
        brand: Brand,
        timeline: Timeline,
        items: Sequence[Joining],
    ) -> "_There":
        names = {each.member for each in items if usable(each.member)}
        found = await members.by_external_ids(session, brand.id, sorted(names))
        people = {name: member.id for name, member in found.items()}
        # Whoever joins or leaves at the same time waits for the member.
        entries = await store.lock_open(session, brand.id, sorted(people.values()))
        programme = timeline.at(now)
        section = programme.document.find(ChallengesSection) if programme else None
        challenges = {each.code: each for each in section.challenge} if section else {}
        plan = plan_of(timeline, brand)

        def is_over(code: str) -> bool:
            end = plan.stretches[code][-1].challenge.end if code in plan.stretches else None
            return end is not None and now >= end

        return cls(people, challenges, entries, is_over)

    def refusal(self, item: Joining) -> tuple[UUID | None, Why | None]:
        member_id = self.people.get(item.member)
        challenge = self.challenges.get(item.challenge)
        if member_id is None:
            return None, _UNKNOWN_MEMBER
        if challenge is None:
            return member_id, _UNKNOWN
        if not challenge.opt_in:
            return member_id, _BY_ITSELF
        return member_id, _OVER if self.is_over(item.challenge) else None

    def replayed(self, item: Joining, before: Entry) -> JoinOutcome:
        same = self.people.get(item.member), item.challenge
        if same != (before.member_id, before.challenge):
            return _refused(_CONFLICT)
        return JoinOutcome(before.member_id, replayed=True)


def _refused(why: Why) -> JoinOutcome:
    return JoinOutcome(code=why.code, message=why.message)


def _fact(brand: Brand, kind: str, entry: Entry) -> Fact:
    return Fact(brand.id, kind, str(entry.member_id), {"challenge": entry.challenge})
