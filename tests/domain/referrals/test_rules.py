"""Which friends count: the borders in days of the brand's clock, signals, circles, limits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.brands.rules import Brand
from domain.members.rules import AttributeValue
from domain.referrals.rules import (
    Counted,
    Ground,
    Person,
    expires_at,
    marks,
    newcomer_refusal,
    refusal,
    review_reason,
    span_of,
    spans,
)
from domain.referrals.section import Limit, ReferralsSection
from kit.calendar import EARLIEST, LATEST

BRAND = Brand(1, "shop", "The Shop", "America/New_York", "USD", 2)
SECOND = timedelta(seconds=1)
# 1 March, 23:59:59 in New York.
NOW = datetime(2026, 3, 2, 4, 59, 59, tzinfo=UTC)
ANN, BOB, CID, DAN = (UUID(int=number) for number in range(1, 5))


def ground(section: ReferralsSection, **marked: str) -> Ground:
    people = {
        id_: Person(id_, NOW, frozenset({("device", marked[name])} if name in marked else ()))
        for name, id_ in (("ann", ANN), ("bob", BOB), ("cid", CID), ("dan", DAN))
    }
    keys = [(id_, span) for id_ in people for span in spans(section, BRAND, NOW)]
    return Ground(BRAND, section, people, {key: Counted() for key in keys})


def why(ground: Ground, friend: UUID, referrer: UUID, followed_at: datetime | None) -> str | None:
    people = ground.people
    found = refusal(ground, NOW, people[friend], people[referrer], followed_at)
    return found.code if found else None


def test_newcomers_have_until_the_end_of_the_last_day() -> None:
    section = ReferralsSection(claim_days=30)
    first = datetime(2026, 1, 30, 5, tzinfo=UTC)

    def code(joined: datetime, referrer: datetime, at: datetime) -> str | None:
        found = newcomer_refusal(section, BRAND, joined, referrer, at)
        return found.message if found else None

    assert code(first, first, NOW) is None
    assert code(first - SECOND, EARLIEST, NOW) == "The member joined more than 30 days before."
    assert code(first, EARLIEST, NOW + SECOND) == "The member joined more than 30 days before."
    message = "The member joined before the one who has this code."
    assert code(first, first + SECOND, NOW) == message
    same_day = ReferralsSection(claim_days=0)
    assert newcomer_refusal(same_day, BRAND, NOW, EARLIEST, NOW) is None
    assert newcomer_refusal(same_day, BRAND, NOW, EARLIEST, NOW + SECOND) is not None


def test_a_link_counts_until_the_end_of_the_last_day() -> None:
    here = ground(ReferralsSection(link_days=7))
    followed = datetime(2026, 2, 22, 5, tzinfo=UTC)
    assert why(here, BOB, ANN, followed) is None
    assert why(here, BOB, ANN, followed - SECOND) == "LINK_TOO_OLD"
    assert why(here, BOB, ANN, None) is None


def test_the_friend_has_so_many_whole_days() -> None:
    section = ReferralsSection(qualify_days=7)
    # Summer time begins on the last of them but one.
    assert expires_at(section, BRAND, NOW) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert expires_at(section, BRAND, NOW + SECOND) == datetime(2026, 3, 10, 4, tzinfo=UTC)


def test_signals_are_text_or_numbers() -> None:
    known: dict[str, AttributeValue] = {
        "device": " a b ",
        "card": 7,
        "vip": True,
        "empty": "  ",
        "other": "x",
    }
    assert marks(("device", "card", "vip", "empty", "missing"), known) == {
        ("device", "a b"),
        ("card", "7"),
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (4711, 4711.0),
        (0, -0.0),
        (4711, "4711"),
        ("ab-12", " AB-12\t"),
        ("ab-12", "ab\u200d-12\u00ad"),
        ("ab-12", "\uff21\uff22-\uff11\uff12"),
        ("strasse", "Stra\u00dfe"),
        ("caf\u00e9", "CAFE\u0301"),
    ],
)
def test_a_signal_is_the_same_however_it_is_written(
    one: AttributeValue, other: AttributeValue
) -> None:
    assert marks(("card",), {"card": one}) == marks(("card",), {"card": other}) != frozenset()


def test_signals_that_differ_are_not_taken_for_each_other() -> None:
    given: tuple[AttributeValue, ...] = (0.5, 5, "0042", 42, "a b", "ab", 2**53, 2**53 - 1)
    assert len({marks(("card",), {"card": each}) for each in given}) == len(given)
    assert marks(("card",), {"card": "\u200b \u2060"}) == frozenset()


def test_circles_and_persons_are_found_both_ways() -> None:
    here = ground(ReferralsSection(signals=("device",)), ann="d1", dan="d1")
    assert why(here, ANN, ANN, None) == "SELF_REFERRAL"
    assert why(here, DAN, ANN, None) == "SHARED_SIGNAL"
    here.take(BOB, ANN, NOW, counts=True)
    here.take(CID, BOB, NOW, counts=True)
    assert why(here, BOB, CID, None) == "ALREADY_REFERRED"
    assert why(here, DAN, CID, None) == "SHARED_SIGNAL"
    without = ground(ReferralsSection(), ann="d1", dan="d1")
    without.take(BOB, ANN, NOW, counts=True)
    assert why(without, DAN, BOB, None) is None
    assert why(without, ANN, BOB, None) == "CIRCULAR_REFERRAL"
    other = ground(ReferralsSection(signals=("device",)), ann="d1", dan="d1")
    other.take(DAN, CID, NOW, counts=True)
    assert why(other, CID, ANN, None) == "SHARED_SIGNAL"


def test_what_waits_for_staff_takes_no_place_but_is_one_of_the_day() -> None:
    limit = Limit(name="two", period="week", times=2)
    here = ground(ReferralsSection(limit=(limit,), review_over=2), cid="d1", dan="d1")
    people = here.people
    here.take(BOB, ANN, NOW, counts=True)
    assert review_reason(here, NOW, people[CID], people[ANN]) is None
    here.take(CID, ANN, NOW, counts=False)
    assert why(here, DAN, ANN, None) is None
    assert review_reason(here, NOW, people[DAN], people[ANN]) == "SHARED_SIGNAL"
    here.seen.clear()
    assert review_reason(here, NOW, people[DAN], people[ANN]) == "TOO_MANY_IN_A_DAY"
    here.take(DAN, ANN, NOW, counts=True)
    assert why(here, people[BOB].id, CID, None) == "ALREADY_REFERRED"
    here.referrers.clear()
    here.friends.clear()
    assert why(here, DAN, ANN, None) == "LIMIT_REACHED"


def test_a_period_is_that_of_the_brands_clock() -> None:
    def span(period: str | None) -> tuple[datetime, datetime]:
        return span_of(
            Limit.model_validate({"name": "x", "period": period, "times": 1}), BRAND, NOW
        )

    assert span("day") == (datetime(2026, 3, 1, 5, tzinfo=UTC), NOW + SECOND)
    assert span("month")[1] == datetime(2026, 4, 1, 4, tzinfo=UTC)
    assert span(None) == (EARLIEST, LATEST)
