"""What happens to one member in a replay beyond buying: what is refused, given, taken, known."""

from dataclasses import replace as with_
from datetime import UTC, datetime
from uuid import UUID

from api.simulating.asked import BEGINNING, Version, timeline_of
from domain.earning.rules import Line, Purchase
from domain.ledger.rules import Kind
from domain.members.rules import Move
from domain.simulation.rules import (
    Did,
    Ended,
    Gave,
    GaveBack,
    Happening,
    MovedAway,
    Past,
    Received,
    Reserved,
    WasCorrected,
    WasGranted,
    WasReleased,
    WasRevoked,
)
from domain.simulation.rules_life import Life
from domain.simulation.rules_months import Failures
from domain.simulation.rules_replay import Replay
from domain.tallies.rules import COUNT
from domain.tiers.rules import Grant
from tests.support.replays import PLAIN, acted, ann, bought, day, lived, replay

GIFT = UUID(int=7)
IDLE = PLAIN.replace('"never"', '{ months = 2, after = "activity" }')


def test_what_the_programme_refuses_changes_nothing() -> None:
    made = replay(PLAIN)
    dollars = 10**16
    assert lived(made, [bought("01-01", dollars)]).joined_at is None
    assert made.failures == Failures(events=1)
    late = replay_from("2026-02-01")
    life = lived(late, [bought("01-01", 10), bought("02-02", 10, "q")])
    assert (life.mine.issued, late.failures.events) == (10, 1)


def replay_from(start: str) -> Replay:
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC)
    made = replay(PLAIN)
    timeline = timeline_of((Version(1, begins, PLAIN, BEGINNING),))
    return Replay(made.brand, timeline, made.ledger.calendar)


def test_a_refund_takes_what_the_kept_lines_would_not_have_earned() -> None:
    back = GaveBack(day("03-01"), "p", day("03-01"), (4_050,))
    made = replay(PLAIN)
    life = lived(made, [bought("01-01", 100, refunds=True), back])
    assert (life.mine.issued, life.mine.reversed) == (100, 41)
    assert made.ledger.sums.refunded[2] == 4_050
    # Of what the programme refused, and of a free basket that earned nothing, nothing comes back.
    nothing = back._replace(line_amounts=(0,))
    histories: list[list[Happening]] = [[back], [bought("01-01", 0, refunds=True), nothing]]
    for history in histories:
        assert lived(replay(PLAIN), history).mine.reversed == 0


def test_the_tier_of_a_month_is_as_of_its_end() -> None:
    back = GaveBack(day("03-05"), "p", day("03-05"), (16_000,))
    made = replay(PLAIN)
    lived(made, [bought("01-01", 160, refunds=True), bought("02-01", 100, "q"), back])
    tiers = [next(iter(month))[1] for month in made.ledger.sums.tiers]
    assert tiers == ["Gold", "Gold", *["Green"] * 10]


def test_status_by_hand_counts_while_it_does() -> None:
    grant = Grant(UUID(int=3), "status", "Gold", day("02-01"), None, "kind", "staff")
    history: list[Happening] = [
        bought("01-01", 10),
        WasGranted(day("02-01"), grant),
        WasGranted(day("02-02"), with_(grant, id=UUID(int=4), tier="Green")),
        WasRevoked(day("04-01"), grant.id),
    ]
    made = replay(PLAIN)
    lived(made, history)
    tiers = [next(iter(month))[1] for month in made.ledger.sums.tiers]
    assert tiers == ["Green", "Gold", "Gold", *["Green"] * 9]


def test_staff_give_and_take() -> None:
    given = WasCorrected(day("02-01"), 30, None, 30)
    made = replay(PLAIN.replace('"never"', "{ months = 1 }"))
    life = lived(made, [bought("01-01", 10), given, WasCorrected(day("02-02"), -5, None, 0)])
    assert (life.mine.issued, life.mine.reversed, life.mine.expired) == (40, 5, 35)
    ending = given._replace(expires_at=day("03-03"))
    assert lived(replay(PLAIN), [bought("01-01", 10), ending]).mine.expired == 30
    made = replay(PLAIN)
    lived(made, [bought("01-01", 10), WasCorrected(day("02-02"), -11, None, 0)])
    assert made.failures == Failures(corrections=1)
    early = replay_from("2026-02-01")
    assert lived(early, [given._replace(at=day("01-05"))], ann(joined_at=day("01-01"))).mine.issued


def test_points_of_history_are_counted_in_the_drafts_decimals() -> None:
    text = PLAIN.replace('name = "Points"', 'name = "Points"\nscale = 2')
    made = replay(text, rescale=(100, 1))
    assert lived(
        made, [bought("01-01", 1), WasCorrected(day("02-01"), 3, None, 0)]
    ).mine.issued == (100 + 300)


def test_gifts_change_hands_and_no_totals() -> None:
    made = replay(IDLE)
    giver, receiver = Life(made, ann()), Life(made, Past(UUID(int=2), "bob", day("01-01")))
    giver.meet(bought("01-01", 100))
    receiver.meet(acted("02-20", "walk"))
    for life, each in (
        (giver, Gave(day("02-25"), GIFT, 60)),
        (receiver, Received(day("02-25"), GIFT)),
        (giver, Gave(day("02-26"), UUID(int=8), 41)),
        (receiver, Received(day("02-26"), UUID(int=8))),
    ):
        life.meet(each)
    assert made.failures == Failures(gifts=1)
    assert [life.pocket.spendable(day("02-26")) for life in (giver, receiver)] == [40, 60]
    # The end that the giver's points had stays, whatever the receiver does.
    receiver.meet(acted("02-27", "walk"))
    assert [receiver.end().expired, giver.end().expired] == [60, 40]
    assert [made.ledger.sums.expired[2], sum(made.ledger.sums.issued)] == [100, 100]


def test_points_without_an_end_begin_anew_for_who_has_been_idle() -> None:
    text = (
        IDLE
        + """
[[points.tier_expiry]]
tiers = ["Gold"]
expires = "never"
"""
    )
    made = replay(text)
    giver, receiver = Life(made, ann()), Life(made, Past(UUID(int=2), "bob", day("01-01")))
    giver.meet(bought("01-01", 200))
    giver.meet(Gave(day("06-01"), GIFT, 200))
    receiver.meet(Received(day("06-01"), GIFT))
    assert receiver.pocket.spendable(day("06-02")) == 200
    assert receiver.end().expired == 200
    assert made.ledger.sums.expired[7] == 200


def test_points_wait_for_the_brand() -> None:
    text = PLAIN.replace('"never"', '"never"\npending_from = "release"\npending_days = 3')
    life = Life(replay(text), ann())
    for each in (bought("01-01", 10), bought("01-02", 20, "q"), WasReleased(day("02-01"), "p")):
        life.meet(each)
    life.meet(WasReleased(day("05-01"), "p"))
    spendable = [life.pocket.spendable(day(each)) for each in ("02-03", "02-05", "12-01")]
    assert spendable == [0, 10, 10]


def test_the_law_of_a_region_holds_while_the_member_lives_there() -> None:
    text = PLAIN.replace('"never"', '{ months = 2 }\nno_expiry_by_time_in = ["CA-ON"]')
    past = ann(region=None, moves=(Move(day("06-01"), "CA-ON"),))
    life = Life(replay(text), past)
    life.meet(bought("01-01", 100))
    lived_in = [life.region]
    life.meet(MovedAway(day("06-01")))
    assert [*lived_in, life.region] == ["CA-ON", None]
    assert life.end().expired == 100
    assert life.replay.ledger.sums.expired[7] == 100


def test_who_owes_pays_with_what_comes_next() -> None:
    text = PLAIN.replace('"never"', '"never"\nnegative_balance = "collect"')
    held = Reserved(day("02-01"), 1, 100, day("12-01"))
    spent = Ended(day("02-01"), 1, Kind.POST, 100, 100)
    back = GaveBack(day("03-01"), "p", day("03-01"), (10_000,))
    first, last = bought("01-01", 100, refunds=True), bought("04-01", 130, "q")
    life = lived(replay(text), [first, held, spent, back, last])
    assert (life.pocket.debt, life.mine.reversed, life.pocket.spendable(day("05-01"))) == (
        0,
        100,
        30,
    )


def test_what_is_told_late_brings_points_back_which_pay() -> None:
    text = IDLE.replace('"activity" }', '"activity" }\nnegative_balance = "collect"')
    life = Life(replay(text), ann())
    for each in (
        bought("01-02", 100, refunds=True),
        Reserved(day("01-02"), 1, 100, day("12-01")),
        Ended(day("01-02"), 1, Kind.POST, 100, 100),
        bought("01-03", 60, "r"),
        GaveBack(day("03-20"), "p", day("03-20"), (10_000,)),
    ):
        life.meet(each)
    assert (life.pocket.debt, life.pocket.spendable(day("03-20"))) == (100, 0)
    life.meet(bought("03-21", 10, "s"))
    assert life.pocket.debt == 90
    # The 60 had ended on 4 March, but something was done on the first.
    life.meet(acted("03-01", "walk")._replace(at=day("04-01")))
    assert (life.pocket.debt, life.mine.reversed) == (30, 70)


def test_what_a_refund_forwent_is_taken_once_it_had_not_ended() -> None:
    life = Life(replay(IDLE), ann())
    for each in (
        bought("01-02", 100, refunds=True),
        GaveBack(day("03-20"), "p", day("03-20"), (4_000,)),
        acted("03-22", "walk"),
    ):
        life.meet(each)
    assert (life.mine.reversed, life.pocket.at_odds) == (0, True)
    life.meet(acted("02-20", "walk")._replace(at=day("04-01")))
    assert (life.mine.reversed, life.pocket.spendable(day("04-01"))) == (40, 60)


def test_rules_may_ask_for_the_tier_and_count_turns() -> None:
    text = (
        PLAIN.replace('base = "after_discount"', 'base = "after_discount"\nstacking = "best"')
        + """
[[earning.multiplier]]
name = "Gold earns twice"
factor = "2"
tiers = ["Gold"]

[[earning.rule]]
name = "Every second"
points = "5"
nth = 2
"""
    )
    first = bought("01-01", 150, refunds=True)
    back = GaveBack(day("01-03"), "p", day("01-03"), (15_000,))
    # The tier is the one before: 150, then twice 10 and every second time 5.
    assert lived(replay(text), [first, bought("01-02", 10, "q")]).mine.issued == 150 + 20 + 5
    # What went back is no turn any more.
    again: list[Happening] = [first, back, bought("01-04", 10, "q"), bought("01-05", 10, "r")]
    assert lived(replay(text), again).mine.issued == 150 + 10 + 10 + 5


def test_points_of_the_same_terms_are_given_as_one() -> None:
    made = replay(PLAIN)
    giver, receiver = Life(made, ann()), Life(made, Past(UUID(int=2), "bob", day("01-01")))
    for each in (bought("01-01", 10), bought("01-01", 20, "q"), Gave(day("02-01"), GIFT, 30)):
        giver.meet(each)
    receiver.meet(Received(day("02-01"), GIFT))
    assert [each.remaining for each in receiver.pocket.parcels] == [30]
    gold = replay(
        IDLE
        + """
[[points.tier_expiry]]
tiers = ["Green", "Gold"]
expires = "never"
"""
    )
    giver, receiver = Life(gold, ann()), Life(gold, Past(UUID(int=2), "bob", day("01-01")))
    giver.meet(bought("01-01", 10))
    giver.meet(Gave(day("02-01"), GIFT, 10))
    receiver.meet(Received(day("02-01"), GIFT))
    assert receiver.end().expired == 0


def test_a_free_basket_goes_back_with_its_points() -> None:
    text = PLAIN.replace('"after_discount"', '"before_discount"')
    line = Line(amount=0, discount=20_000)
    free = Did(day("02-01"), Purchase("p", "ann", day("02-01"), "USD", (line,)), refunds=True)
    back = GaveBack(day("04-01"), "p", day("04-01"), (0,))
    made = replay(text)
    life = lived(made, [bought("01-01", 1, "q"), free, back])
    assert (life.mine.issued, life.mine.reversed) == (201, 200)
    assert life.tallies[day("02-01").date(), "purchase"][COUNT] == 0


def test_a_version_is_not_known_before_it_was_applied() -> None:
    """Points end by the first version's two months, until somebody applies five."""
    longer = IDLE.replace("months = 2", "months = 5")
    versions = (
        Version(1, BEGINNING, IDLE, BEGINNING),
        Version(2, day("02-01"), longer, day("02-01")),
    )
    made = replay(IDLE)
    known = {each.id: each.known_at for each in versions}
    later = {**known, 2: day("04-01")}
    for known_at, month in ((known, 6), (None, 6), (later, 3)):
        two = Replay(made.brand, timeline_of(versions), made.ledger.calendar, known_at=known_at)
        life = Life(two, ann())
        life.meet(bought("01-01", 10))
        life.meet(WasCorrected(day("03-02"), 1, None, 0))
        life.fresh()
        end = life.pocket.parcels[0].expires_at
        assert end is not None
        assert end.month == month


def test_nothing_happens_to_nobody() -> None:
    made = replay(PLAIN)
    assert lived(made, []).mine.worth == 0
    assert sum(made.ledger.sums.joined) == 0
    assert isinstance(bought("01-01", 1), Did)
