"""Events and verdicts add up."""

from domain.earning.rules import Award, Line, Part, Verdict
from tests.support.earning import NOON, activity, basket


def test_a_purchase_is_of_the_kind_purchase_and_sums_its_lines() -> None:
    purchase = basket(Line(199, discount=50), 301)
    assert (purchase.kind, purchase.amount, dict(purchase.attributes)) == ("purchase", 500, {})
    assert basket().amount == 0


def test_an_activity_has_no_lines() -> None:
    review = activity("review", attributes={"stars": 5})
    assert (review.kind, review.lines, review.amount) == ("review", (), 0)


def test_awards_and_verdicts_sum_their_parts() -> None:
    base = Award("base", (Part(500, None), Part(140, NOON)))
    verdict = Verdict((base, Award("bonus", (Part(7, None),))), 700, {}, ())
    assert (base.points, verdict.points) == (640, 647)
    assert Verdict((), 0, {}, ()).points == 0
