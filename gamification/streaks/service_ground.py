"""What streaks are judged by besides what members did, loaded for many at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.programmes.rules import Timeline
from domain.rewards.queries_items import Item, fulfilled
from gamification.grounds.rules import Ground
from gamification.streaks import store
from gamification.streaks.rules import Course, courses
from gamification.streaks.rules_purse import Freezes
from gamification.streaks.rules_repair import Repaired, past_of
from gamification.streaks.rules_terms import lives_of
from gamification.streaks.store import Key
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Belongings:
    """What members have that bridges and repairs streaks."""

    freezes: Mapping[Key, Sequence[Freezes]]
    repairs: Mapping[Key, Sequence[Repaired]]
    items: Mapping[UUID, Sequence[Item]]

    def repaired(self, key: Key) -> list[Repaired]:
        """Return the repairs of a streak, the oldest first."""
        return list(self.repairs.get(key, ()))


async def belongings(
    session: Session, brand_id: int, timeline: Timeline, member_ids: Collection[UUID]
) -> Belongings:
    """Return what these members have; three statements, two where nothing can be bought."""
    rewards = {
        code
        for lives in lives_of(timeline).values()
        for life in lives
        for terms in life.terms
        for code in (terms.streak.freeze_reward, terms.streak.repair_reward)
        if code is not None
    }
    return Belongings(
        await store.freezes(session, brand_id, member_ids),
        await store.repairs(session, brand_id, member_ids),
        await fulfilled(session, brand_id, rewards, member_ids),
    )


def courses_of(
    ground: Ground, has: Belongings, key: Key, now: datetime, repairs: Sequence[Repaired] = ()
) -> list[Course]:
    """Return the courses of a member's streak; ``repairs``: as if these were made besides."""
    member_id, code = key
    lives = lives_of(ground.timeline)[code]
    made = [*has.repaired(key), *repairs]
    past = past_of(lives, has.freezes.get(key, ()), made, has.items[member_id])
    return courses(ground.brand, lives, ground.happenings[member_id], past, now)
