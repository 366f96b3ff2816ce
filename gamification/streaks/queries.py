"""Reads of members' streaks, as they stand at an instant without any job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.grounds.queries import ground as load_ground
from gamification.streaks.rules import Course, State
from gamification.streaks.rules_terms import in_force
from gamification.streaks.section import Milestone
from gamification.streaks.section import Streak as StreakPart
from gamification.streaks.section_parts import Every
from gamification.streaks.service_ground import belongings, courses_of
from kit.db import Session

__all__ = ["Milestone", "State", "Streak", "streaks"]


@dataclass(frozen=True, slots=True)
class Streak:
    """A member's streak as it stands; periods are named by their first day.

    ``length`` and ``longest`` are in periods kept; those bridged, ``frozen`` by freezes and
    ``repaired`` ever, do not count. States: ``none``, never begun; ``alive``, there is nothing
    to do now; ``at_risk``, the period under way is not kept yet; ``repairable`` or ``broken``,
    there is none. ``since`` and ``last`` are the first and last period kept of the one under way.

    ``lost_at`` is when a streak of ``lost_length`` broke: the one that a repair before
    ``repair_until`` brings back (also while a new one has begun), else the latest.
    ``freezes`` are held; what there is no room for is ``waiting``. ``next_milestone`` is the next
    one that can be won, ``remaining`` how many periods are to be kept until it. ``ends_at`` is
    when the streak breaks or needs a freeze, if the period under way is not kept.
    """

    code: str
    part: StreakPart
    every: Every
    state: State
    length: int
    longest: int
    since: date | None
    last: date | None
    freezes: int
    waiting: int
    frozen: tuple[date, ...]
    repaired: tuple[date, ...]
    lost_at: datetime | None
    lost_length: int
    repair_until: datetime | None
    next_milestone: Milestone | None
    remaining: int | None
    ends_at: datetime | None

    @property
    def name(self) -> dict[str, str]:
        """What members read, by language."""
        return self.part.name


async def streaks(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Sequence[UUID],
) -> dict[UUID, list[Streak]]:
    """Return the streaks in force of these members of the brand, in the order of the file.

    Every id asked for is there; that of who was merged has none, the member who is left has them.
    A constant number of statements, none without streaks.
    """
    found: dict[UUID, list[Streak]] = {member_id: [] for member_id in member_ids}
    lives = in_force(timeline, now)
    if not lives or not found:
        return found
    ground = await load_ground(session, now, brand, timeline, list(found))
    has = await belongings(session, brand.id, timeline, list(ground.people))
    for member_id in ground.people:
        found[member_id] = [
            _streak(life.at(now), courses_of(ground, has, (member_id, code), now)[-1])
            for code, life in lives.items()
        ]
    return found


def _streak(part: StreakPart, course: Course) -> Streak:
    broken, upcoming = course.broken, course.next_milestone
    return Streak(
        code=part.code,
        part=part,
        every=part.every,
        state=course.state,
        length=course.length,
        longest=course.longest,
        since=course.since,
        last=course.last,
        freezes=course.freezes,
        waiting=course.waiting,
        frozen=course.frozen,
        repaired=course.repaired,
        lost_at=broken.at if broken else None,
        lost_length=broken.length if broken else 0,
        repair_until=course.repair_until,
        next_milestone=upcoming,
        remaining=upcoming.at - course.length if upcoming else None,
        ends_at=course.ends_at,
    )
