"""What can be said of a member: values in, a refusal or None out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from kit.errors import InvalidInputError, LaurelError
from kit.ids import content_hash
from kit.texts import TEXT_LENGTH_MAX, usable

ATTRIBUTES_MAX = 50
NUMBER_MAX = 2**53
"""The largest whole number that every reader of JSON keeps."""
EARLIEST_BIRTHDAY = date(1900, 1, 1)

AttributeValue: TypeAlias = str | int | float | bool
"""What a brand can tell the programme's rules about a member under a name."""


class Kept(Enum):
    """What a change says of something that stays as it is."""

    KEPT = "kept"


KEPT = Kept.KEPT


@dataclass(frozen=True, slots=True)
class Member:
    """A person in one brand's programme.

    ``region`` is where the law that protects the member's points applies, such as CA-ON;
    ``attributes`` are what the brand tells the programme's rules about the member.
    """

    id: UUID
    brand_id: int
    external_id: str
    display_name: str | None
    joined_at: datetime
    birthday: date | None = None
    region: str | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What is to be known of a member from now on; None forgets it.

    ``attributes`` are added to those there are; one that is None is forgotten.
    """

    external_id: str
    display_name: str | Literal[Kept.KEPT] | None = KEPT
    birthday: date | Literal[Kept.KEPT] | None = KEPT
    region: str | Literal[Kept.KEPT] | None = KEPT
    attributes: Mapping[str, AttributeValue | None] = field(default_factory=dict)


class Move(NamedTuple):
    """That the law of ``region`` (None: nobody knows which) held for a member until ``at``."""

    at: datetime
    region: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a member besides the name in the brand's books."""

    display_name: str | None
    birthday: date | None
    region: str | None
    attributes: Mapping[str, AttributeValue]


def name_hash(brand_id: int, external_id: str) -> bytes:
    """Return what is kept of the name of who was erased."""
    return content_hash(str(brand_id).encode(), external_id.encode(errors="surrogatepass"))


def joined(kept: Profile, absorbed: Profile) -> Profile:
    """Return what is known of one person of whom there were two members; ``kept`` is right."""
    more = (each for each in absorbed.attributes.items() if each[0] not in kept.attributes)
    return Profile(
        absorbed.display_name if kept.display_name is None else kept.display_name,
        absorbed.birthday if kept.birthday is None else kept.birthday,
        absorbed.region if kept.region is None else kept.region,
        dict([*kept.attributes.items(), *more][:ATTRIBUTES_MAX]),
    )


def changed(profile: Profile, change: MemberChange) -> Profile:
    """Return ``profile`` as it is after ``change``."""
    attributes: dict[str, AttributeValue | None] = {**profile.attributes, **change.attributes}
    return Profile(
        profile.display_name if change.display_name is KEPT else change.display_name,
        profile.birthday if change.birthday is KEPT else change.birthday,
        profile.region if change.region is KEPT else change.region,
        {name: value for name, value in attributes.items() if value is not None},
    )


def check(
    today: date,
    *,
    display_name: str | None = None,
    birthday: date | None = None,
    region: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> LaurelError | None:
    """Return why this can't be said of a member, or None if it can.

    Refusals: INVALID_INPUT, INVALID_DATE, TOO_MANY_ATTRIBUTES.
    """
    for name, text in (("display_name", display_name), ("region", region)):
        if text is not None and not usable(text):
            return _unusable(name)
    if birthday is not None and not EARLIEST_BIRTHDAY <= birthday <= today:
        message = f"must be a day from {EARLIEST_BIRTHDAY} to today"
        return InvalidInputError(message, code="INVALID_DATE", path=("birthday",))
    return check_attributes(attributes or {})


def check_attributes(attributes: Mapping[str, AttributeValue]) -> LaurelError | None:
    """Return why these are no attributes of a member, or None if they are."""
    if len(attributes) > ATTRIBUTES_MAX:
        message = f"has {len(attributes)} names, at most {ATTRIBUTES_MAX} fit"
        return InvalidInputError(message, code="TOO_MANY_ATTRIBUTES", path=("attributes",))
    for name, value in attributes.items():
        if not usable(name) or (isinstance(value, str) and value and not usable(value)):
            return _unusable("attributes")
        if not isinstance(value, str) and not -NUMBER_MAX <= value <= NUMBER_MAX:
            message = f"{name!r} must be a number from -2^53 to 2^53"
            return InvalidInputError(message, path=("attributes",))
    return None


def _unusable(name: str) -> InvalidInputError:
    return InvalidInputError(f"must be 1 to {TEXT_LENGTH_MAX} printable characters", path=(name,))
