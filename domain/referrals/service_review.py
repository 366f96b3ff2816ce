"""The verb by which staff look at referrals that wait for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.referrals import queries, store
from domain.referrals.queries import Referral
from domain.referrals.rules import REFUSED_BY_STAFF, Why, limit_refusal, spans
from domain.referrals.rules_course import State
from domain.referrals.section import ReferralsSection
from domain.referrals.service_ground import claimed
from kit.db import Session
from kit.facts import record
from kit.texts import usable

NOTE_LENGTH_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody of staff, ``actor``, says of a referral that waits for it."""

    referral_id: UUID
    accept: bool
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What became of a review. ``code`` None: the referral is in ``state`` now."""

    referral_id: UUID
    state: State | None
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


async def review(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Review]
) -> list[ReviewOutcome]:
    """Accept or refuse referrals that wait for staff; an outcome for each, in order.

    An accepted one goes on as if nothing had been in its way since it was claimed: what the
    friend did meanwhile counts. The same decision by the same person again is replayed.
    Refusals: REFERRAL_NOT_FOUND, NOT_IN_REVIEW, INVALID_INPUT, LIMIT_REACHED (in the period in
    which it was claimed; it stays in review).
    """
    await store.lock_claims(session, brand.id)
    known = await queries.referrals(session, brand.id, [item.referral_id for item in items])
    programmes = {each.version_id: each for each in timeline.programmes}
    sections = {
        id_: programmes[row.version_id].document.section(ReferralsSection)
        for id_, row in known.items()
    }
    around = {id_: spans(sections[id_], brand, row.claimed_at) for id_, row in known.items()}
    keys = [(row.referrer_id, span) for id_, row in known.items() for span in around[id_]]
    counted = await store.counts(session, brand.id, keys)
    decided: dict[UUID, Referral] = {}
    outcomes = []
    for item in items:
        row = known.get(item.referral_id)
        why = _refusal(item, row)
        if row is not None and why is None and item.accept and row.state == "review":
            section = sections[row.id]
            why = limit_refusal(section, brand, row.referrer_id, counted, row.claimed_at)
        if row is None or why is not None:
            outcomes.append(_refused(item, row, why))
            continue
        if row.state == "review":
            known[row.id] = decided[row.id] = _reviewed(row, now, item)
            for span in around[row.id] if item.accept else ():
                counted[row.referrer_id, span].count += 1
        after = known[row.id]
        outcomes.append(ReviewOutcome(row.id, after.state, replayed=after is row))
    await store.review(session, decided.values())
    accepted = [row for row in decided.values() if row.state == "pending"]
    await record(session, now, [claimed(brand, row.id, row.friend_id) for row in accepted])
    return outcomes


def _refusal(item: Review, row: Referral | None) -> Why | None:
    if not usable(item.actor) or (item.note and not usable(item.note, NOTE_LENGTH_MAX)):
        message = f"actor and note must be printable, a note of at most {NOTE_LENGTH_MAX}."
        return Why("INVALID_INPUT", message)
    if row is None:
        return Why("REFERRAL_NOT_FOUND", "The brand has no such referral.")
    declined = row.reason == REFUSED_BY_STAFF
    if row.state == "review" or (row.reviewed_by == item.actor and declined != item.accept):
        return None
    return Why("NOT_IN_REVIEW", "This referral does not wait for anybody to look at it.")


def _refused(item: Review, row: Referral | None, why: Why | None) -> ReviewOutcome:
    assert why is not None
    return ReviewOutcome(item.referral_id, row.state if row else None, *why, ("referral_id",))


def _reviewed(row: Referral, now: datetime, item: Review) -> Referral:
    return replace(
        row,
        state="pending" if item.accept else "refused",
        reason=None if item.accept else REFUSED_BY_STAFF,
        reviewed_at=now,
        reviewed_by=item.actor,
        review_note=item.note,
    )
