"""Badges and freezes as prizes: given by those who know of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.prizes.section_parts import Prize
from gamification.prizes.service import Freezes
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.coherence import assert_coherent
from tests.support.games import opened_with


async def test_a_badge_is_awarded_and_revoked(database: Database, clock: MovableClock) -> None:
    games = await opened_with(database, clock, ["ada"])
    first = await games.due("a", "ada", Prize(badge="hero"))
    second = await games.due("b", "ada", Prize(badge="hero"))
    await games.owe(first)
    await games.pay()
    await games.owe(second)
    await games.pay()
    assert await games.states(first, second) == [("paid", None), ("refused", "ALREADY_AWARDED")]
    await games.undo(first)
    await games.pay()
    assert await games.states(first, second) == [("undone", None), ("paid", None)]
    await games.undo(second)
    await games.owe(second)
    await games.pay()
    assert await games.states(second) == [("paid", None)]
    kinds = [kind for kind, _ in await games.facts("BadgeAwarded", "BadgeRevoked")]
    assert kinds == ["BadgeAwarded", "BadgeRevoked"] * 2 + ["BadgeAwarded"]
    await assert_coherent(database)


class Giver:
    """Gives freezes of the streak "daily" only."""

    def __init__(self) -> None:
        self.given: list[UUID] = []
        self.taken: list[UUID] = []

    async def give(
        self,
        _session: Session,
        _now: datetime,
        _brand: Brand,
        _timeline: Timeline,
        items: Sequence[Freezes],
    ) -> list[str | None]:
        """Refuse other streaks."""
        self.given += [each.key for each in items if each.streak == "daily"]
        return [None if each.streak == "daily" else "UNKNOWN_STREAK" for each in items]

    async def take(
        self,
        _session: Session,
        _now: datetime,
        _brand: Brand,
        _timeline: Timeline,
        keys: Sequence[UUID],
    ) -> None:
        """Note what is taken."""
        self.taken += keys


async def test_freezes_are_given_by_who_knows_of_streaks(
    database: Database, clock: MovableClock
) -> None:
    games, giver = await opened_with(database, clock, ["ada"]), Giver()
    due = await games.due("a", "ada", Prize(freeze=2, streak="daily"))
    other = await games.due("b", "ada", Prize(freeze=2, streak="weekly"))
    await games.owe(due, other)
    assert await games.pay(freezes=giver) == 2
    assert await games.states(due, other) == [("paid", None), ("refused", "UNKNOWN_STREAK")]
    await games.undo(due, other)
    assert await games.pay(freezes=giver) == 1
    assert giver.given == giver.taken
    assert await games.pay(freezes=giver) == 0
    await games.owe(due)
    await games.pay(freezes=giver)
    # By the same key, so that what was used is not given twice.
    assert len(set(giver.given)) == 1
    await games.owe(other)
    await games.pay()
    assert await games.states(due, other) == [("paid", None), ("refused", "NO_FREEZES")]
    await assert_coherent(database)
