"""The part of a programme file that says which purchases and activities a game speaks of."""

from typing import Annotated

from pydantic import AfterValidator, Field

from domain.earning.section_parts import (
    PURCHASE,
    Condition,
    Hours,
    Moment,
    Names,
    Weekday,
    rule_language,
)
from kit.documents import ExactPositive, Part, Text, fault

Path = tuple[str | int, ...]

ANY = "any"
"""What ``on`` says for purchases and activities of every kind."""

_BIRTHDAY = "now.birthday"


def speaking_of(known: tuple[str, ...], why_not: str) -> AfterValidator:
    """Return what lets an expression speak of names that begin so, and never of birthdays.

    ``why_not`` says in the fault what can't be done with another name.
    """

    def check(text: str) -> str:
        names = rule_language().names(text)
        strange = sorted(n for n in names if not n.startswith(known) or n == _BIRTHDAY)
        if strange:
            remedy = f"speak only of {', '.join(known[:-1])} and {known[-1]}, without {_BIRTHDAY}"
            raise fault(f"speaks of {', '.join(strange)}, which {why_not}; {remedy}")
        return text

    return AfterValidator(check)


class Filter(Part):
    """Which purchases and activities something speaks of: what is left out is always met.

    Days and hours are those of the brand's clock. Names are compared letter by letter. Of a
    purchase, lines that were wholly returned are not there any more.
    """

    on: Text = Field(
        default=PURCHASE, description='"purchase", the kind of an activity, or "any" of them'
    )
    when: (
        Annotated[
            Condition, speaking_of(("event", "line", "now"), "a game can't know of what is past")
        ]
        | None
    ) = Field(default=None, description="a condition in CEL, of event, line and now only")
    categories: Names = Field(default=(), description="lines of these categories only")
    skus: Names = Field(default=(), description="lines of these articles only")
    channels: Names = Field(default=(), description="in these channels only")
    stores: Names = Field(default=(), description="in these stores only")
    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = Field(
        default=(), description="on these days of the week only"
    )
    hours: Hours | None = Field(
        default=None,
        description='at this time of day only: "17:00-22:00"; "22:00-02:00" is both ends of a day',
    )
    from_: Moment | None = Field(
        default=None, alias="from", description="the first day, or the instant it begins"
    )
    until: Moment | None = Field(
        default=None, description="the first day, or instant, to which it no longer applies"
    )
    minimum: ExactPositive | None = Field(
        default=None, description="only if what fits comes to at least so much money"
    )
