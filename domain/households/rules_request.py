"""What members and brands may ask of households."""

from dataclasses import dataclass
from uuid import UUID

from kit.ids import content_hash


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """``owner`` founds a household."""

    key: str
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """The owner ``household_of`` asks a member in, as an adult or a child."""

    key: str
    household_of: str
    member: str
    role: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A member accepts or declines an invitation."""

    key: str
    member: str
    invitation_id: UUID
    accept: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """A member leaves. Where the owner does, the household ends for all."""

    key: str
    member: str


@dataclass(frozen=True, slots=True)
class Removal:
    """The owner lets a member go."""

    key: str
    owner: str
    member: str


@dataclass(frozen=True, slots=True)
class RoleChange:
    """The owner gives a member another role; giving "owner" away makes the giver an adult."""

    key: str
    owner: str
    member: str
    role: str


Change = NewHousehold | Invitation | Answer | Leaving | Removal | RoleChange


def request_of(item: Change) -> bytes:
    """Return the hash of what is asked, without the key."""
    said = (getattr(item, name) for name in item.__slots__ if name != "key")
    words = (type(item).__name__, *map(str, said))
    return content_hash(*(word.encode(errors="surrogatepass") for word in words))


def names_of(item: Change) -> tuple[str, ...]:
    """Return the members that a change names."""
    said = (getattr(item, name, None) for name in ("owner", "household_of", "member"))
    return tuple(name for name in said if name is not None)
