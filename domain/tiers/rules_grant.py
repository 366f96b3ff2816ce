"""Whether status may be granted as asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.tiers.rules_course import Grant
from domain.tiers.rules_ladder import Ladders
from kit.calendar import datable
from kit.errors import InvalidInputError, LaurelError, NotFoundError

REASON_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A tier to give to a member by hand, known by the ``key`` of whoever gives it.

    It counts from ``starts_at`` (None: at once) until before ``ends_at`` (None: for good).
    """

    key: str
    member_id: UUID
    ladder: str
    tier: str
    reason: str
    actor: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownGrant:
    """A grant that was recorded, whose it is, and when it was given."""

    grant: Grant
    member_id: UUID
    granted_at: datetime

    def answers(self, item: NewGrant) -> bool:
        """Return whether ``item`` asks for just this grant; who asks again may be another."""
        mine, start = self.grant, item.starts_at or self.granted_at
        return (
            self.member_id,
            mine.ladder,
            mine.tier,
            mine.starts_at,
            mine.ends_at,
            mine.reason,
        ) == (
            item.member_id,
            item.ladder,
            item.tier,
            start,
            item.ends_at,
            item.reason,
        )


def refusal(
    item: NewGrant, ladders: Ladders, member_ids: Collection[UUID], now: datetime
) -> LaurelError | None:
    """Return why ``item`` can't be granted, None if it can.

    ``member_ids`` are those of its members that the brand has. Status never begins in the past:
    what happened was judged by the tier that the member had.
    """
    if item.member_id not in member_ids:
        return NotFoundError("There is no such member.", code="MEMBER_NOT_FOUND", path=("member",))
    start = item.starts_at or now
    for name, instant in (("starts_at", start), ("ends_at", item.ends_at)):
        if instant is not None and not datable(instant):
            message = f"{name} must be an instant with a zone in the years 1970 to 2199."
            return InvalidInputError(message, code="INVALID_DEADLINE", path=(name,))
    return _of_tier(item, ladders, start) or _of_time(item, start, now) or _of_reason(item)


def _of_tier(item: NewGrant, ladders: Ladders, start: datetime) -> LaurelError | None:
    ladder = next((each for each in ladders.at(start) if each.code == item.ladder), None)
    if ladder is None:
        known = ", ".join(each.code for each in ladders.at(start)) or "none"
        message = f"The programme has no ladder {item.ladder!r} then; it has {known}."
        return InvalidInputError(message, code="UNKNOWN_LADDER", path=("ladder",))
    if item.tier not in ladder.ranks:
        message = f"The ladder has no tier {item.tier!r} then; it has {', '.join(ladder.ranks)}."
        return InvalidInputError(message, code="UNKNOWN_TIER", path=("tier",))
    return None


def _of_time(item: NewGrant, start: datetime, now: datetime) -> LaurelError | None:
    if start < now:
        message = "Status can't begin in the past; choose now or later."
        return InvalidInputError(message, code="STARTS_IN_THE_PAST", path=("starts_at",))
    if item.ends_at is not None and item.ends_at <= start:
        message = "The status would be over before it begins; choose a later end."
        return InvalidInputError(message, code="INVALID_DEADLINE", path=("ends_at",))
    return None


def _of_reason(item: NewGrant) -> LaurelError | None:
    if not 0 < len(item.reason.strip()) <= REASON_LENGTH_MAX or not item.reason.isprintable():
        message = f"A reason has 1 to {REASON_LENGTH_MAX} printable characters."
        return InvalidInputError(message, path=("reason",))
    return None
