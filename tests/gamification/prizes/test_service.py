"""Prizes are paid once and taken back as the policies say, whatever is told how often."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.ledger.rules import Kind, Resolution
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from domain.wallets import queries as wallets
from domain.wallets.service_hold import Hold
from gamification.prizes import queries, service
from gamification.prizes.rules import Due
from gamification.prizes.section_parts import MysteryPart, Prize
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import derived_id
from tests.support.automatic import burned, vouchers_of
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened_with, programme

FIFTY = Prize(points="50")
CUP = Prize(reward="cup")


async def spent(games: Games, member: str, points: int) -> None:
    """Let a member spend points."""
    now, (member_id,) = games.clock.now(), await games.shop.member_ids(member)
    key = derived_id("spent", member, str(points), str(now))
    (held,) = await games.shop.hold(
        Hold(key, member_id, points, now + timedelta(hours=1), reference="till")
    )
    assert held.hold_id is not None
    key = derived_id("spent too", member, str(points), str(now))
    (done,) = await games.shop.settle(Resolution(key, held.hold_id, Kind.POST, code="redemption"))
    assert done.refusal is None


async def test_points_are_paid_once_and_taken_back(
    database: Database, clock: MovableClock
) -> None:
    games = await opened_with(database, clock, ["ada"])
    due = await games.due("a", "ada", FIFTY)
    await games.owe(due, due)
    await games.owe(due)
    assert await games.points("ada") == [10]
    assert await games.pay() == 1
    assert await games.pay() == 0
    await games.owe(due)
    assert await games.pay() == 0
    assert await games.points("ada") == [60]
    assert (await games.prize(due)).state == "paid"
    await games.undo(due)
    await games.undo(due)
    assert await games.points("ada") == [10]
    await games.owe(due)
    await games.pay()
    assert await games.points("ada") == [60]
    told = await games.facts("PrizePaid", "PrizeUndone")
    assert [kind for kind, _ in told] == ["PrizePaid", "PrizeUndone", "PrizePaid"]
    await assert_coherent(database)
