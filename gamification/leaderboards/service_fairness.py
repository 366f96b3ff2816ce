"""The verbs by which flags are raised, and cleared or confirmed by staff."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.members.queries import Member
from domain.programmes.rules import Timeline
from gamification.grounds.rules import Ground
from gamification.leaderboards import store_fairness as store
from gamification.leaderboards.queries_fairness import Flag, FlagState
from gamification.leaderboards.queries_people import flagged
from gamification.leaderboards.rules_fairness import Finding, findings, flag_id
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.service_close import Disqualify, disqualify
from gamification.leaderboards.service_people import PersonChange, change
from gamification.prizes.service import release
from kit.calendar import LATEST
from kit.db import Session
from kit.facts import Fact, record
from kit.texts import usable

__all__ = ["FlagReview", "FlagReviewOutcome", "flagged", "judge", "review"]

NOTE_LENGTH_MAX = 2_000


@dataclass(frozen=True, slots=True)
class FlagReview:
    """What somebody of staff, ``actor``, says of a flag."""

    flag_id: UUID
    confirm: bool
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FlagReviewOutcome:
    """What became of a review. ``code`` None: the flag is in ``state`` now."""

    flag_id: UUID
    state: FlagState | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False


async def judge(session: Session, now: datetime, ground: Ground) -> None:
    """Raise flags of what looks unfair in these members' histories, with the fact MemberFlagged.

    Each version's rules judge what was completed while it was in force. The same evidence raises
    no second flag, whatever staff said of the first. What is no longer so, because of a refund
    for one, leaves a flag as it is: staff look at it.
    """
    found: dict[UUID, tuple[UUID, Finding]] = {}
    for member_id in ground.people:
        for each in _findings(ground, member_id):
            found[flag_id(ground.brand.id, each)] = (member_id, each)
    if not found:
        return
    new = await store.raise_flags(session, now, ground.brand.id, found)
    told = [
        Fact(
            ground.brand.id,
            "MemberFlagged",
            str(member_id),
            {"flag": str(id_), "rule": each.rule},
        )
        for id_, (member_id, each) in found.items()
        if id_ in new
    ]
    await record(session, now, told)


def judges(timeline: Timeline) -> bool:
    """Return whether any version of a programme has rules of fair play."""
    sections = (each.document.find(LeaderboardsSection) for each in timeline.programmes)
    return any(section is not None and section.fair_play is not None for section in sections)


def _findings(ground: Ground, member_id: UUID) -> Iterable[Finding]:
    programmes = ground.timeline.programmes
    ends = [each.effective_from for each in programmes[1:]] + [LATEST]
    for programme, until in zip(programmes, ends, strict=True):
        section = programme.document.find(LeaderboardsSection)
        if section is not None and section.fair_play is not None:
            yield from findings(
                section.fair_play,
                ground.brand.currency_exponent,
                ground.happenings[member_id],
                programme.effective_from,
                until,
            )


async def review(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[FlagReview]
) -> list[FlagReviewOutcome]:
    """Clear or confirm flags; an outcome for each, in order.

    A confirmed one bans the member from the windows that end and hold the days of its evidence:
    from those that are open, which takes the member off their boards; in frozen ones the place is
    disqualified and its prize undone. Windows over all time and rolling ones stay as they are: ban
    the member from the board for that. Prizes that waited for a flag are looked at again. The same
    decision by the same person again is replayed. Refusals: FLAG_NOT_FOUND, INVALID_INPUT,
    NOT_OPEN.
    """
    known = await store.lock(session, brand.id, {item.flag_id for item in items})
    decided: dict[UUID, Flag] = {}
    outcomes = []
    for item in items:
        flag = known.get(item.flag_id)
        wrong = _refusal(item, flag)
        if flag is None or wrong is not None:
            state = flag.state if flag else None
            outcomes.append(FlagReviewOutcome(item.flag_id, state, *(wrong or ("", ""))))
            continue
        if flag.state == "open":
            known[flag.id] = decided[flag.id] = _decided(flag, now, item)
        after = known[flag.id]
        outcomes.append(FlagReviewOutcome(flag.id, after.state, replayed=after is flag))
    if decided:
        await store.decide(session, list(decided.values()))
        confirmed = [each for each in decided.values() if each.state == "confirmed"]
        await _punish(session, now, brand, timeline, confirmed)
        await release(session, now, brand, {each.member_id for each in decided.values()})
    return outcomes


def _refusal(item: FlagReview, flag: Flag | None) -> tuple[str, str] | None:
    if not usable(item.actor) or (item.note and not usable(item.note, NOTE_LENGTH_MAX)):
        return "INVALID_INPUT", "Say who decides, in printable text."
    if flag is None:
        return "FLAG_NOT_FOUND", "The brand has no such flag."
    same = flag.actor == item.actor and (flag.state == "confirmed") == item.confirm
    if flag.state == "open" or same:
        return None
    return "NOT_OPEN", "Somebody has decided on this flag already."


def _decided(flag: Flag, now: datetime, item: FlagReview) -> Flag:
    return replace(
        flag,
        state="confirmed" if item.confirm else "cleared",
        decided_at=now,
        actor=item.actor,
        note=item.note,
    )


async def _punish(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, flags: Sequence[Flag]
) -> None:
    """Take who cheated out of the windows in which it counted."""
    who = await members.by_ids(session, brand.id, list({each.member_id for each in flags}))
    bans, outs = [], []
    for place, held in await store.windows(session, brand.id, _asked(brand, flags, who)):
        flag = flags[place]
        assert flag.actor is not None
        key, reason = f"flag {flag.id} {held.window_id}", flag.note or flag.rule
        if held.frozen:
            outs.append(Disqualify(key, held.window_id, held.entity, flag.actor, reason))
        elif flag.member_id in who:
            name = who[flag.member_id].external_id
            bans.append(
                PersonChange(
                    key,
                    name,
                    "ban",
                    flag.actor,
                    reason,
                    board=held.board,
                    window_id=held.window_id,
                )
            )
    await change(session, now, brand, timeline, bans)
    await disqualify(session, now, brand, timeline, outs)


def _asked(
    brand: Brand, flags: Sequence[Flag], who: Mapping[UUID, Member]
) -> list[tuple[int, UUID, date, date]]:
    """Return who may have a score of which days for each flag: also who they were merged into."""
    found = []
    for place, flag in enumerate(flags):
        ids = {flag.member_id}
        if flag.member_id in who:
            ids.add(who[flag.member_id].id)
        days = brand.day(flag.from_at), brand.day(flag.upto_at)
        found += [(place, id_, *days) for id_ in sorted(ids)]
    return found
