"""Which members can become one, decided item by item: values in, values out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from kit.ids import content_hash
from kit.texts import TEXT_LENGTH_MAX, usable


@dataclass(frozen=True, slots=True)
class Merge:
    """That the members whom the brand knows as ``keep`` and ``absorb`` are one person.

    ``keep`` is left. The merge is known by its key.
    """

    key: str
    keep: str
    absorb: str
    actor: str
    reason: str


class Why(NamedTuple):
    """Why something is refused, and by which field."""

    code: str
    message: str
    path: tuple[str, ...] = ()


UNKNOWN = "is nobody's id; enrol the member first"
CONFLICT = Why("KEY_CONFLICT", "this key was used for something else; give a new one", ("key",))


@dataclass(slots=True)
class State:
    """What merges are decided on, as those before left it.

    ``people`` are members by the ids asked for, ``holders`` those of whose points open holds
    reserve some, ``homes`` their households. ``into`` says who is whom by now: never a chain.
    """

    people: Mapping[str, UUID]
    holders: Collection[UUID]
    homes: dict[UUID, UUID]
    into: dict[UUID, UUID] = field(default_factory=dict)

    def now(self, name: str) -> UUID | None:
        """Return who is known by a name after the merges before."""
        found = self.people.get(name)
        return None if found is None else self.into.get(found, found)


def request_of(item: Merge) -> bytes:
    """Return the hash by which a repeated key is told from a misused one."""
    parts = (item.keep, item.absorb, item.reason)
    return content_hash(*(part.encode(errors="surrogatepass") for part in parts))


def decide(state: State, item: Merge) -> tuple[UUID, UUID] | Why:
    """Make two members one in ``state``; return who is left and who is absorbed, or why not.

    Refusals: INVALID_INPUT (the reason), UNKNOWN_MEMBER, ALREADY_MERGED, HAS_OPEN_HOLDS,
    IN_TWO_HOUSEHOLDS.
    """
    if not usable(item.reason):
        message = f"reason must be 1 to {TEXT_LENGTH_MAX} printable characters"
        return Why("INVALID_INPUT", message, ("reason",))
    kept, absorbed = state.now(item.keep), state.now(item.absorb)
    if kept is None or absorbed is None:
        field_ = "keep" if kept is None else "absorb"
        return Why("UNKNOWN_MEMBER", f"{field_} {UNKNOWN}", (field_,))
    if kept == absorbed:
        return Why("ALREADY_MERGED", "keep and absorb are one member already", ("absorb",))
    if absorbed in state.holders:
        message = "open redemptions reserve points of absorb; fulfil or cancel them first"
        return Why("HAS_OPEN_HOLDS", message, ("absorb",))
    homes = {state.homes[each] for each in (kept, absorbed) if each in state.homes}
    if len(homes) > 1:
        message = "keep and absorb are in two households; one has to leave first"
        return Why("IN_TWO_HOUSEHOLDS", message, ("absorb",))
    for each, other in state.into.items():
        if other == absorbed:
            state.into[each] = kept
    state.into[absorbed] = kept
    state.homes |= dict.fromkeys((kept,), *homes) if homes else {}
    return kept, absorbed
