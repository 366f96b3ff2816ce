"""Members: the home of one's own, one by id, and the brand's list."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import catalogue, dates, grants, ids, paging, redemptions, vouchers, wallets
from api.graphql.attributes import ATTRIBUTES_USUAL, Attribute, attributes
from api.graphql.catalogue import CatalogueItem, InCategory
from api.graphql.competing import Competes
from api.graphql.fields import BRAND, SIGNED_IN, attribute, resolver
from api.graphql.grants import GRANTS_USUAL, StatusGrant
from api.graphql.loaders import Wanted
from api.graphql.node import Node
from api.graphql.paging import After, Before, Connection, First, Last, paged
from api.graphql.plays import Plays
from api.graphql.redemptions import Redemption, RedemptionStates
from api.graphql.tiers import LADDERS_USUAL, Tier, tier
from api.graphql.together import Together
from api.graphql.vouchers import Voucher, VoucherStates
from api.graphql.wallets import Balance, Movement
from domain.members import queries
from domain.members.queries import Member as Record

KIND = "Member"
_EXTERNAL_ID_LENGTH_MAX = 200

AsOf = Annotated[
    datetime | None,
    strawberry.argument(
        description="The tier at another instant instead of now, by what was done and given back"
        " until then."
    ),
]


@strawberry.type(description="A person in the brand's programme.")
class Member(Together, Plays, Competes, Node):
    """A member. Members see themselves; the brand's servers and staff see all of the brand's."""

    key: strawberry.Private[UUID]
    external_id: str = attribute(SIGNED_IN, "The id by which the brand knows the member.")
    display_name: str | None = attribute(SIGNED_IN, "The name to greet the member with, if known.")
    joined_at: datetime = attribute(
        SIGNED_IN, "When the member joined: enrolment, or the earliest purchase reported."
    )
    birthday: date | None = attribute(SIGNED_IN, "The member's birthday, if known.")
    region: str | None = attribute(
        SIGNED_IN,
        "Where the law that protects the member's points applies, such as `CA-ON`, if known.",
    )
    attributes: list[Attribute] = attribute(
        SIGNED_IN,
        "What the programme's rules may ask of the member, by name.",
        size=ATTRIBUTES_USUAL,
    )

    @resolver(SIGNED_IN, "What the member has.")
    async def balance(self, info: Info) -> Balance:
        loaders = info.context.loaders
        found = await loaders.balances.load(self.key)
        return wallets.balance((await loaders.programmes()).scale, found)

    @resolver(SIGNED_IN, "The member's tier on the main ladder; null while there is none.")
    async def tier(self, info: Info, as_of: AsOf = None) -> Tier | None:
        found = await _tiers(info, self.key, as_of)
        return found[0] if found else None

    @resolver(
        SIGNED_IN, "The member's tier on each ladder, the main one first.", size=LADDERS_USUAL
    )
    async def tiers(self, info: Info, as_of: AsOf = None) -> list[Tier] | None:
        return await _tiers(info, self.key, as_of)

    @resolver(BRAND, "Tiers given to the member by hand, whenever they count.", size=GRANTS_USUAL)
    async def grants(self, info: Info) -> list[StatusGrant]:
        found = await info.context.loaders.grants.load(self.key)
        return [grants.grant(self.key, each) for each in found or ()]

    @paged(SIGNED_IN, "How the member's points came and went, newest first.")
    async def movements(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Movement] | None:
        cursors = info.context.cursors(f"Member.movements:{self.key}")
        page = paging.window(cursors, first, after, last, before, int)
        loaders = info.context.loaders
        found = await loaders.pages.load(Wanted(self.key, page)) or []
        scale = (await loaders.programmes()).scale
        shown = [wallets.movement(scale, each) for each in found]
        return paging.connection(cursors, page, shown, lambda each: each.key)

    @paged(
        SIGNED_IN,
        "The rewards that the member may ask for, now or later, in the order of the programme.",
    )
    async def catalogue(
        self,
        info: Info,
        category: InCategory = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CatalogueItem] | None:
        return await catalogue.page_of(info, self.key, (first, after, last, before), category)

    @paged(SIGNED_IN, "What the member asked for, newest first.")
    async def redemptions(
        self,
        info: Info,
        states: RedemptionStates = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Redemption] | None:
        return await redemptions.page_of(info, self.key, (first, after, last, before), states)

    @paged(SIGNED_IN, "What the member has to show at a till, and had, newest first.")
    async def vouchers(
        self,
        info: Info,
        states: VoucherStates = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Voucher] | None:
        return await vouchers.page_of(info, self.key, (first, after, last, before), states)


@strawberry.input(one_of=True, description="The one way to name a member.")
class MemberBy:
    """Exactly one of them."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The member's id in this API."
    )
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="The id by which the brand knows the member."
    )


def member(record: Record) -> Member:
    """Return a member as it is shown."""
    return Member(
        id=ids.encode(KIND, str(record.id)),
        key=record.id,
        external_id=record.external_id,
        display_name=record.display_name,
        joined_at=record.joined_at,
        birthday=record.birthday,
        region=record.region,
        attributes=attributes(record.attributes),
    )


async def changed(info: Info, key: UUID | None) -> Member | None:
    """Return a member whom a mutation has changed, None if it changed nobody."""
    record = await info.context.loaders.members.load(key) if key else None
    return member(record) if record else None


def met(info: Info, key: UUID) -> Member | None:
    """Return a member whom something read before is about."""
    record = info.context.loaders.sharing.met.get(key)
    return member(record) if record else None


async def own(info: Info) -> Member | None:
    """Return the member who calls, None for someone who has yet to be enrolled."""
    record = await info.context.loaders.members_by_external_id.load(
        info.context.principal.external_id
    )
    return member(record) if record else None


async def by_id(info: Info, key: str) -> Member | None:
    """Return the brand's member with that key, None if it has none."""
    number = ids.uuid_of(key)
    record = await info.context.loaders.members.load(number) if number else None
    return member(record) if record else None


async def by(info: Info, way: MemberBy) -> Member | None:
    """Return the brand's member who is named, None if it has none."""
    if way.id:
        named = ids.decode(way.id)
        return await by_id(info, named.key) if named and named.kind == KIND else None
    external_id = way.external_id
    if not external_id or len(external_id) > _EXTERNAL_ID_LENGTH_MAX or "\0" in external_id:
        return None
    # Card numbers can be guessed; a till's key must not be a list of members.
    loader = info.context.loaders.members_by_external_id
    record = await info.context.guessed(KIND, lambda: loader.load(external_id))
    return member(record) if record else None


async def page(
    info: Info, first: int | None, after: str | None, last: int | None, before: str | None
) -> Connection[Member]:
    """Return a page of the brand's members in the order of their ids."""
    brand = info.context.principal.brand
    cursors = info.context.cursors("Query.members")
    asked = paging.window(cursors, first, after, last, before, UUID)
    async with info.context.reads.session() as session:
        found = await queries.page(
            session,
            brand.id,
            first=asked.size + 1,
            after=asked.before if asked.backwards else asked.after,
            backwards=asked.backwards,
        )
    if asked.backwards:
        found.reverse()
        found = [each for each in found if asked.after is None or each.id > asked.after]
    else:
        found = [each for each in found if asked.before is None or each.id < asked.before]
    shown = [member(record) for record in found]
    return paging.connection(cursors, asked, shown, lambda each: each.key)


async def _tiers(info: Info, key: UUID, as_of: datetime | None) -> list[Tier]:
    at = dates.checked(info, as_of)
    loaders = info.context.loaders
    found = await loaders.standings.load((key, at))
    known = await loaders.programmes()
    programme = known.timeline.at(at)
    if not found or programme is None:
        return []
    brand = info.context.principal.brand
    return [tier(brand, known.scale, programme, at, each) for each in found.values()]
