"""Challenges of made-up programmes on made-up histories, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Line
from domain.earning.rules_history import Happening
from domain.programmes.rules import Programme, Timeline, load
from domain.tiers.rules import Run
from gamification.challenges.rules_challenge import Course, Player, Span, courses
from gamification.challenges.rules_compile import Plan, plan_of
from tests.support.programmes import GOOD

BRAND = Brand(1, "shop", "The Shop", "America/New_York", "USD", 2)
NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)
"""Noon of a Monday in New York."""
DAY = timedelta(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def plan(*texts: str, starts: tuple[datetime, ...] = ()) -> tuple[Plan, Timeline]:
    """Return the plan of versions, each with these tables after the rest, from these instants."""
    programmes = tuple(
        Programme(index + 1, start, load(GOOD + text, SECTIONS, "test"))
        for index, (text, start) in enumerate(zip(texts, (LONG_AGO, *starts), strict=True))
    )
    timeline = Timeline(programmes)
    return plan_of(timeline, BRAND), timeline


def happening(at: datetime, amount: int = 100, **more: object) -> Happening:
    """Return a purchase of one line, or what ``more`` says."""
    lines = (Line(amount, category=str(more.pop("category", "")), sku=str(more.pop("sku", ""))),)
    said = {
        "id": UUID(int=int(at.timestamp())),
        "external_id": "p",
        "member_id": UUID(int=1),
        "kind": "purchase",
        "occurred_at": at,
        "recorded_at": at,
        "amount": amount,
        "points": 0,
        "lines": lines,
        "channel": "",
        "store": "",
        "attributes": {},
        "counts": True,
    } | more
    return Happening(**said)  # type: ignore[arg-type]


def course(
    text: str,
    *happenings: Happening,
    now: datetime = NOON + 10 * DAY,
    joined_at: datetime = LONG_AGO,
    entries: tuple[Span, ...] = (),
    tiers: tuple[Run, ...] = (),
) -> Course:
    """Return how one member fares with the first challenge of a programme."""
    found, _ = plan(text)
    code = next(iter(found.stretches))
    player = Player(joined_at, happenings, {}, {code: entries}, {"status": tiers})
    return courses(found, BRAND, player, now, [code])[code]
