"""Gifts: points that members gave to each other, as either of them sees them."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.auth import Role
from api.context import Info
from api.graphql import ids, paging
from api.graphql.fields import BRAND, SIGNED_IN, attribute, resolver
from api.graphql.money import points
from api.graphql.node import Node
from api.graphql.paging import Connection
from api.graphql.scalars import Points
from api.graphql.spending import Wanted, read, written
from api.graphql.vouchers import Pages
from domain.gifts.queries import Gift as Record

if TYPE_CHECKING:
    from api.graphql.members import Member

KIND = "Gift"


@strawberry.enum(description="Which way a gift went, as one of the two sees it.")
class GiftDirection(Enum):
    """The two sides."""

    GIVEN = strawberry.enum_value("given", description="The member gave it.")
    RECEIVED = strawberry.enum_value("received", description="The member got it.")


@strawberry.type(
    description="Points that went from one member to another, as one of the two sees it."
)
class Gift(Node):
    """A gift as shown."""

    key: strawberry.Private[UUID]
    other_key: strawberry.Private[UUID]
    direction: GiftDirection = attribute(SIGNED_IN, "Which way it went.")
    points: Points = attribute(SIGNED_IN, "How many points.")
    message: str | None = attribute(SIGNED_IN, "What was said with it; null for nothing.")
    given_at: datetime = attribute(SIGNED_IN, "When.")

    @resolver(SIGNED_IN, "The name to greet the other one with, if known.")
    def other_name(self, info: Info) -> str | None:
        found = info.context.loaders.sharing.met.get(self.other_key)
        return found.display_name if found else None

    @resolver(BRAND, "The other one.")
    def other(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        from api.graphql import members  # noqa: PLC0415 - each leads to the other

        return members.met(info, self.other_key)


def gift(scale: int, member_id: UUID, found: Record) -> Gift:
    """Return a gift as one of the two sees it."""
    gave = found.giver_id == member_id
    return Gift(
        id=ids.encode(KIND, f"{found.id}.{member_id}"),
        key=found.id,
        other_key=found.receiver_id if gave else found.giver_id,
        direction=GiftDirection.GIVEN if gave else GiftDirection.RECEIVED,
        points=points(scale, found.points),
        message=found.message or None,
        given_at=found.given_at,
    )


async def by_key(info: Info, member_id: UUID | None, key: UUID | None) -> Gift | None:
    """Return a gift of the caller's brand as one of the two sees it, None if there is none."""
    found = await info.context.loaders.sharing.gifts.load(key) if key else None
    if found is None or member_id not in (found.giver_id, found.receiver_id):
        return None
    return gift((await info.context.loaders.programmes()).scale, member_id, found)


async def by_id(info: Info, text: str) -> Gift | None:
    """Return the brand's gift with that key; members see what they themselves see of it."""
    number, _, member = text.partition(".")
    key, member_id = ids.uuid_of(number), ids.uuid_of(member)
    principal = info.context.principal
    if principal.role is Role.MEMBER:
        me = await info.context.loaders.members_by_external_id.load(principal.external_id)
        if me is None or me.id != member_id:
            return None
    return await by_key(info, member_id, key)


async def page_of(info: Info, member_id: UUID, pages: Pages) -> Connection[Gift]:
    """Return a page of what a member gave and got, newest first."""
    cursors = info.context.cursors(f"Member.gifts:{member_id}")
    asked = paging.window(cursors, *pages, read)
    loaders = info.context.loaders
    found = await loaders.sharing.gift_pages.load(Wanted(member_id, asked, frozenset())) or []
    scale = (await loaders.programmes()).scale
    shown = [gift(scale, member_id, each) for each in found]
    return paging.connection(cursors, asked, shown, lambda each: written((each.given_at, each.key)))
