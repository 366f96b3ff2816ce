"""The verbs of members: they get their codes, and friends name them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Programme, Timeline
from domain.referrals import queries, store
from domain.referrals.rules import (
    FARMING,
    REFUSED_BY_STAFF,
    Ground,
    Why,
    expires_at,
    refusal,
    review_reason,
)
from domain.referrals.rules_course import State
from domain.referrals.section import ReferralsSection
from domain.referrals.service_ground import Ask, claimed, ground_of, named
from domain.referrals.service_review import Review, ReviewOutcome, review
from domain.referrals.store import NewReferral
from domain.vouchers.rules_code import bare, checks, normalised
from kit.calendar import datable
from kit.db import LostRaceError, Session
from kit.facts import Fact, record
from kit.ids import derived_id, new_id, random_bytes
from kit.texts import TEXT_LENGTH_MAX

__all__ = ["Claim", "ClaimOutcome", "Review", "ReviewOutcome", "claim", "codes_of", "review"]

CODE_CHARACTERS = 8
"""Characters of a member's code before the check character: 40 bits."""

_CODE_BYTES = CODE_CHARACTERS * 5 // 8
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """A friend, by the brand's id, who names a member's ``code`` as it was typed or read.

    ``followed_at`` is when the friend followed the member's link, None if there was none.
    """

    friend: str
    code: str
    followed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """What became of a claim. ``code`` None: it counts, or waits for staff (``state`` review).

    A refused one has a ``referral_id`` if it was kept for staff to see.
    """

    referral_id: UUID | None
    state: State
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


class _Judged(NamedTuple):
    place: int
    row: NewReferral
    why: Why | None


async def codes_of(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, external_ids: Sequence[str]
) -> dict[str, str]:
    """Return the codes, as they are shown, of members by the brand's ids; made on the first ask.

    Whom the brand doesn't know is left out, and everybody if no member may bring friends now.
    """
    if _in_force(timeline, now) is None:
        return {}
    found = await named(session, brand, external_ids)
    ids = {member.id for member in found.values()}
    codes = await queries.code_of(session, brand.id, list(ids))
    for _ in range(_TRIES):
        missing = sorted(ids - codes.keys())
        if not missing:
            return {name: codes[member.id] for name, member in found.items()}
        # Whose random code somebody has already gets another one in the next round.
        new = [(each, bare(random_bytes(_CODE_BYTES), CODE_CHARACTERS)) for each in missing]
        await store.insert_codes(session, brand.id, new)
        codes |= await queries.code_of(session, brand.id, missing)
    raise LostRaceError


async def claim(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Claim]
) -> list[ClaimOutcome]:
    """Take what friends claim; an outcome for each, in order.

    The same friend with the same code again is replayed. Refusals that keep nothing: NO_REFERRALS,
    UNKNOWN_MEMBER, UNKNOWN_CODE, INVALID_DATE. Kept for staff, once a day and reason, and no
    obstacle to a later claim: those of `rules.refusal`. REFUSED_BY_STAFF: they refused this friend
    with this code for good. Records ReferralClaimed, by which what the friend has done since is
    looked up, and ReferralFlagged of what staff should see.
    """
    programme = _in_force(timeline, now)
    if programme is None:
        return [_refused(Why("NO_REFERRALS", "Members can't bring friends now."))] * len(items)
    asks, outcomes = await _sound(session, now, brand, items)
    if asks:
        # One at a time from here on: what others claimed is read after the wait.
        await store.lock_claims(session, brand.id)
        section = programme.document.section(ReferralsSection)
        ground = await ground_of(session, now, brand, section, list(asks.values()))
        outcomes |= await _claim(session, now, ground, programme.version_id, asks)
    return [outcomes[place] for place in range(len(items))]


def _in_force(timeline: Timeline, now: datetime) -> Programme | None:
    """Return the programme of ``now`` if members may bring friends under it."""
    programme = timeline.at(now)
    return programme if programme and programme.document.find(ReferralsSection) else None


async def _sound(
    session: Session, now: datetime, brand: Brand, items: Sequence[Claim]
) -> tuple[dict[int, Ask], dict[int, ClaimOutcome]]:
    people = await named(session, brand, [item.friend for item in items])
    codes = {place: _bare(item.code) for place, item in enumerate(items)}
    owners = await store.owners(session, brand.id, {code for code in codes.values() if code})
    asks: dict[int, Ask] = {}
    outcomes: dict[int, ClaimOutcome] = {}
    for place, item in enumerate(items):
        friend, referrer = people.get(item.friend), owners.get(codes[place])
        at = item.followed_at
        if friend is None:
            why = Why("UNKNOWN_MEMBER", "Nobody is enrolled under this id.")
            outcomes[place] = _refused(why, "friend")
        elif referrer is None:
            why = Why("UNKNOWN_CODE", "This is nobody's code; read it again.")
            outcomes[place] = _refused(why, "code")
        elif at is not None and not (datable(at) and at <= now):
            why = Why("INVALID_DATE", "followed_at must be an instant with a zone, not ahead.")
            outcomes[place] = _refused(why, "followed_at")
        else:
            asks[place] = Ask(friend.id, referrer, at)
    return asks, outcomes


def _bare(code: str) -> str:
    """Return what a code means, empty if it can't be one."""
    bare_code = normalised(code[:TEXT_LENGTH_MAX])
    return bare_code if len(bare_code) == CODE_CHARACTERS + 1 and checks(bare_code) else ""


async def _claim(
    session: Session, now: datetime, ground: Ground, version_id: int, asks: Mapping[int, Ask]
) -> dict[int, ClaimOutcome]:
    brand = ground.brand
    known = await store.of_friends(session, brand.id, {ask.friend for ask in asks.values()})
    outcomes: dict[int, ClaimOutcome] = {}
    judged: list[_Judged] = []
    for place, ask in asks.items():
        before = known.get((ask.friend, ask.referrer))
        if before is not None:
            outcomes[place] = _known(*before)
            continue
        row, why = _judge(ground, now, ask)
        judged.append(_Judged(place, row, why))
        if row.state != "refused":
            known[ask.friend, ask.referrer] = row.id, row.state
            ground.take(ask.friend, ask.referrer, now, counts=row.state == "pending")
    rows = {each.row.id: each.row for each in judged}
    until = expires_at(ground.section, brand, now)
    new = await store.insert(session, brand.id, version_id, now, until, list(rows.values()))
    await record(session, now, _facts(brand, [rows[id_] for id_ in rows if id_ in new]))
    for place, row, why in judged:
        again = row.id not in new
        new.discard(row.id)
        outcomes[place] = _outcome(row, why, replayed=again)
    return outcomes


def _judge(ground: Ground, now: datetime, ask: Ask) -> tuple[NewReferral, Why | None]:
    friend, referrer = ground.people[ask.friend], ground.people[ask.referrer]
    why = refusal(ground, now, friend, referrer, ask.followed_at)
    if why is not None:
        # Once a day, so that asking again and again fills no table.
        today = ground.brand.day(now).isoformat()
        names = (str(referrer.id), str(friend.id), why.code, today)
        id_ = derived_id("refused referral", str(ground.brand.id), *names)
        return NewReferral(id_, referrer.id, friend.id, "refused", why.code), why
    reason = review_reason(ground, now, friend, referrer)
    state: State = "review" if reason else "pending"
    return NewReferral(new_id(), referrer.id, friend.id, state, reason), None


def _known(referral_id: UUID, state: State) -> ClaimOutcome:
    if state != "refused":
        return ClaimOutcome(referral_id, state, replayed=True)
    message = "Staff refused this friend with this code."
    return ClaimOutcome(referral_id, state, REFUSED_BY_STAFF, message, ("code",), replayed=True)


def _outcome(row: NewReferral, why: Why | None, *, replayed: bool) -> ClaimOutcome:
    if why is None:
        return ClaimOutcome(row.id, row.state)
    return ClaimOutcome(row.id, row.state, *why, ("code",), replayed=replayed)


def _refused(why: Why, *path: str) -> ClaimOutcome:
    return ClaimOutcome(None, "refused", *why, path)


def _facts(brand: Brand, rows: Iterable[NewReferral]) -> list[Fact]:
    facts = []
    for row in rows:
        what = {"referral": str(row.id), "reason": row.reason}
        if row.state == "pending":
            facts.append(claimed(brand, row.id, row.friend_id))
        elif row.state == "review" or row.reason in FARMING:
            facts.append(Fact(brand.id, "ReferralFlagged", str(row.referrer_id), what))
    return facts
