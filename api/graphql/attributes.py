"""What a brand says of a member or an activity in words of its own: named texts, numbers, flags."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import strawberry

from api.graphql.fields import SIGNED_IN, attribute
from kit.errors import InvalidInputError

ATTRIBUTES_MAX = 50
ATTRIBUTES_USUAL = 3
"""As how many attributes a list of them counts."""

Scalar = str | int | float | bool


@strawberry.type(description="A value of one of three kinds; the other two are null.")
class Value:
    """A text, a number or a flag."""

    text: str | None = attribute(SIGNED_IN, "The text, if it is one.")
    number: Decimal | None = attribute(SIGNED_IN, "The number, if it is one.")
    flag: bool | None = attribute(SIGNED_IN, "True or false, if it is one of them.")


@strawberry.type(description="Something that the brand says in words of its own.")
class Attribute:
    """A name with a value."""

    name: str = attribute(SIGNED_IN, "What is said.")
    value: Value = attribute(SIGNED_IN, "How it is.", weight=0)


@strawberry.input(one_of=True, description="The one way to write a value, by its kind.")
class ValueBy:
    """Exactly one of them."""

    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="A text, at most 200 characters."
    )
    number: Decimal | None = strawberry.field(
        default=strawberry.UNSET, description="A number up to 2⁵³."
    )
    flag: bool | None = strawberry.field(default=strawberry.UNSET, description="True or false.")


@strawberry.input(description="Something to say in words of your own.")
class AttributeInput:
    """A name with a value."""

    name: str = strawberry.field(description="What is said, 1 to 200 characters.")
    value: ValueBy = strawberry.field(description="How it is.")


def attributes(held: Mapping[str, Scalar]) -> list[Attribute]:
    """Return attributes as they are shown, by name."""
    return [Attribute(name=name, value=_shown(held[name])) for name in sorted(held)]


def said(given: Sequence[AttributeInput]) -> dict[str, Scalar]:
    """Return attributes by name. Raises InvalidInputError for too many, or one name twice."""
    if len(given) > ATTRIBUTES_MAX:
        message = f"attributes are more than {ATTRIBUTES_MAX}; leave some out"
        raise InvalidInputError(message, code="TOO_MANY_ATTRIBUTES", path=("attributes",))
    found: dict[str, Scalar] = {}
    for place, each in enumerate(given):
        if each.name in found:
            message = f"attributes.{place}.name is {each.name!r} once more; leave one out"
            path = ("attributes", str(place), "name")
            raise InvalidInputError(message, code="ATTRIBUTE_UNUSABLE", path=path)
        found[each.name] = _read(each.value)
    return found


def _shown(value: Scalar) -> Value:
    if isinstance(value, bool):
        return Value(text=None, number=None, flag=value)
    if isinstance(value, str):
        return Value(text=value, number=None, flag=None)
    return Value(text=None, number=Decimal(str(value)), flag=None)


def _read(value: ValueBy) -> Scalar:
    if isinstance(value.text, str):
        return value.text
    if isinstance(value.flag, bool):
        return value.flag
    number = value.number
    assert isinstance(number, Decimal)  # Exactly one is given.
    # What is whole stays so: rules tell 5 from 5.0.
    return int(number) if number == number.to_integral_value() else float(number)
