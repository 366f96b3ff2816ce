"""What makes a referral count, what undoes it, and from when nothing does."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.brands.rules import Brand
from domain.referrals.rules_course import Course, Event, OpenReferral, course, rewards_at, terms_of
from domain.referrals.section import ReferralsSection

BRAND = Brand(1, "shop", "The Shop", "America/New_York", "USD", 2)
SECOND = timedelta(seconds=1)
CLAIMED = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOUGHT = datetime(2026, 3, 3, 4, 59, tzinfo=UTC)
# Seven days after 2 March in New York, where summer time has begun meanwhile.
UNTIL = datetime(2026, 3, 9, 4, tzinfo=UTC)
FIRST, SECOND_ID = UUID(int=1), UUID(int=2)
SECTION = ReferralsSection.model_validate({"minimum": "20.00", "return_days": 7})


def stands(
    *events: Event,
    section: ReferralsSection = SECTION,
    current: UUID | None = None,
    joined: datetime = CLAIMED,
) -> Course:
    item = OpenReferral(
        id=UUID(int=9),
        referrer_id=UUID(int=8),
        friend_id=UUID(int=7),
        referrer="ann",
        friend="bob",
        referrer_joined=CLAIMED,
        friend_joined=joined,
        version_id=1,
        claimed_at=CLAIMED,
        expires_at=CLAIMED + timedelta(days=90),
        event_id=current,
        rewards_at=None,
    )
    return course(section, BRAND, item, events)


def test_rewards_wait_until_the_start_of_the_day_so_many_days_after() -> None:
    terms = terms_of(SECTION, BRAND)
    assert terms == ("purchase", 2000, 7)
    assert rewards_at(terms, BRAND, BOUGHT) == UNTIL
    assert rewards_at(terms, BRAND, BOUGHT + 60 * SECOND) == UNTIL + timedelta(days=1)
    assert rewards_at(terms_of(ReferralsSection(), BRAND), BRAND, BOUGHT) == BOUGHT


def test_the_minimum_is_what_is_left_after_returns() -> None:
    done = Course("qualified", None, FIRST, BOUGHT, UNTIL)
    assert stands(Event(FIRST, BOUGHT, 2000)) == done
    assert stands(Event(FIRST, BOUGHT, 1999)) == Course("pending")
    assert stands(Event(FIRST, BOUGHT, 2001, ((BOUGHT, 1),))) == done
    assert stands(Event(FIRST, BOUGHT, 2001, ((BOUGHT, 1), (BOUGHT, 1)))) == Course("pending")


def test_a_return_counts_by_its_own_date_until_nothing_can_undo_it() -> None:
    assert stands(Event(FIRST, BOUGHT, 2000, ((UNTIL - SECOND, 1),))).state == "pending"
    assert stands(Event(FIRST, BOUGHT, 2000, ((UNTIL, 2000),))).state == "qualified"


def test_without_days_for_returns_what_is_back_already_does_not_count() -> None:
    section = ReferralsSection()
    later = BOUGHT + timedelta(days=9)
    assert stands(Event(FIRST, BOUGHT, 1, ((later, 1),)), section=section).state == "pending"
    assert stands(Event(FIRST, BOUGHT, 2, ((later, 1),)), section=section).rewards_at == BOUGHT


def test_a_purchase_of_nothing_counts_for_nothing_but_an_activity_may_be_without_money() -> None:
    assert stands(Event(FIRST, BOUGHT, 0), section=ReferralsSection()).state == "pending"
    app = ReferralsSection(on="app")
    assert stands(Event(FIRST, BOUGHT, 0), section=app).state == "qualified"


def test_the_earliest_counts_unless_another_one_does_already() -> None:
    first, second = Event(FIRST, BOUGHT, 2000), Event(SECOND_ID, BOUGHT + SECOND, 2000)
    assert stands(second, first).event_id == FIRST
    assert stands(second, first, current=SECOND_ID).event_id == SECOND_ID
    back = Event(SECOND_ID, BOUGHT + SECOND, 2000, ((BOUGHT + SECOND, 1),))
    assert stands(back, first, current=SECOND_ID).event_id == FIRST


def test_who_turns_out_to_have_been_there_before_is_refused() -> None:
    event = Event(FIRST, BOUGHT, 2000)
    assert stands(event, joined=CLAIMED - SECOND) == Course("refused", "NOT_A_NEWCOMER")
