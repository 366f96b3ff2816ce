"""The schema as a whole: what can be asked and what can be done."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated

import strawberry
from graphql import GraphQLDeferDirective, GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from api.auth import Role
from api.context import Info
from api.graphql import brands, earning, figures, ids, members, wallets
from api.graphql import programme as programmes
from api.graphql.brands import Brand
from api.graphql.earning import PurchaseOutcome, RefundOutcome
from api.graphql.earning_inputs import RecordPurchasesInput, RefundPurchaseInput
from api.graphql.fields import (
    BRAND,
    EVERYONE,
    MEMBERS,
    SERVERS,
    SIGNED_IN,
    STAFF,
    attribute,
    mutation,
    resolver,
)
from api.graphql.figures import Figures
from api.graphql.members import Member, MemberBy
from api.graphql.node import Node
from api.graphql.outcomes import UserError, of_error
from api.graphql.paging import After, Before, Connection, First, Last, paged
from api.graphql.programme import Programme
from api.graphql.scalars import SCALARS
from api.graphql.subscription import Subscription
from api.graphql.wallets import Movement
from kit.errors import InvalidInputError, LaurelError

NODES_MAX = 100
_ONE_OF = "directive @oneOf on INPUT_OBJECT"


@strawberry.type(description="Everything that can be asked. Nothing here changes anything.")
class Query:
    """The root of queries."""

    @resolver(
        MEMBERS, "The member who calls: a home screen. Null until the brand has enrolled them."
    )
    async def me(self, info: Info) -> Member | None:
        return await members.own(info)

    @resolver(SIGNED_IN, "The caller's brand.")
    async def brand(self, info: Info) -> Brand:
        return brands.brand(info.context.principal.brand)

    @resolver(
        EVERYONE,
        "The terms of a brand's programme as they are in force now; null if there is none.",
    )
    async def programme(
        self,
        info: Info,
        brand: Annotated[str, strawberry.argument(description="The brand's code.")],
    ) -> Programme | None:
        return await programmes.programme(info, brand)

    @resolver(BRAND, "One member of the brand; null if the brand has no such member.")
    async def member(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="The member's id in this API.")
        ],
    ) -> Member | None:
        return await members.by(info, MemberBy(id=id))

    @resolver(BRAND, "One member, named in one of several ways; null if the brand has none such.")
    async def member_by(
        self,
        info: Info,
        by: Annotated[MemberBy, strawberry.argument(description="Which member.")],
    ) -> Member | None:
        return await members.by(info, by)

    @paged(STAFF, "The brand's members, in an order that never changes.")
    async def members(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Member] | None:
        return await members.page(info, first, after, last, before)

    @resolver(STAFF, "The brand's key figures.", weight=200)
    async def figures(
        self,
        info: Info,
        as_of: Annotated[
            datetime | None,
            strawberry.argument(
                description="Count only what took effect up to this instant; else up to now."
            ),
        ] = None,
    ) -> Figures | None:
        return await figures.figures(info, as_of)

    @resolver(SIGNED_IN, "The object with this id; null if there is none that the caller may see.")
    async def node(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="The object's id.")
        ],
    ) -> Node | None:
        return await _node(info, id)

    @resolver(
        SIGNED_IN,
        "The objects with these ids, in order; null where `node` gives null.",
        sized_by=["ids"],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description=f"The objects' ids, {NODES_MAX} at most."),
        ],
    ) -> list[Node | None] | None:
        return await _nodes(info, ids)


@strawberry.type(description="What became of the purchases.")
class RecordPurchasesPayload:
    """The payload of recordPurchases."""

    outcomes: list[PurchaseOutcome] = attribute(
        SERVERS, "One per purchase sent, in the same order; empty if `errors` is not."
    )
    errors: list[UserError] = attribute(
        SERVERS, "Why the request as a whole was refused; nothing was written then.", size=1
    )

    @resolver(SERVERS, "Everything that can be asked, as it is after the change.")
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the refund.")
class RefundPurchasePayload:
    """The payload of refundPurchase."""

    refund: RefundOutcome | None = attribute(BRAND, "The refund; null if it was refused.")
    errors: list[UserError] = attribute(
        BRAND, "Why it was refused; nothing was written then.", size=1
    )

    @resolver(BRAND, "Everything that can be asked, as it is after the change.")
    def query(self) -> Query:
        return Query()


@strawberry.type(description="Everything that can be done. Each field is one transaction.")
class Mutation:
    """The root of mutations."""

    @mutation(
        SERVERS,
        "Record purchases and give what they earn. Each is taken or refused by itself, and sent"
        " again it changes nothing.",
        sized_by=["input.purchases"],
        sizes=["outcomes"],
    )
    async def record_purchases(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RecordPurchasesInput, strawberry.argument(description="The purchases.")
        ],
    ) -> RecordPurchasesPayload | None:
        try:
            outcomes = await earning.record(info, input)
        except LaurelError as error:
            return RecordPurchasesPayload(outcomes=[], errors=[of_error(error, "input")])
        return RecordPurchasesPayload(outcomes=outcomes, errors=[])

    @mutation(BRAND, "Refund a purchase, in whole or in part, and take back what it earned.")
    async def refund_purchase(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RefundPurchaseInput, strawberry.argument(description="The refund.")
        ],
    ) -> RefundPurchasePayload | None:
        try:
            done = await earning.refund(info, input)
        except LaurelError as error:
            return RefundPurchasePayload(refund=None, errors=[of_error(error, "input")])
        return RefundPurchasePayload(refund=done, errors=[])


async def _node(info: Info, text: str) -> Node | None:
    named = ids.decode(text)
    if named is None:
        return None
    principal = info.context.principal
    if named.kind == brands.KIND:
        own = named.key == principal.brand.code
        return brands.brand(principal.brand) if own else None
    if named.kind == wallets.KIND:
        return await _movement(info, named.key)
    if named.kind != members.KIND:
        return None
    if principal.role is Role.MEMBER:
        me = await members.own(info)
        return me if me and str(me.key) == named.key else None
    return await members.by_id(info, named.key)


async def _movement(info: Info, text: str) -> Movement | None:
    key = wallets.movement_key(text)
    if key is None:
        return None
    if info.context.principal.role is Role.MEMBER:
        me = await members.own(info)
        if me is None or me.key != key[0]:
            return None
    loaders = info.context.loaders
    found = await loaders.movements.load(key)
    return wallets.movement((await loaders.programmes()).scale, found) if found else None


async def _nodes(info: Info, texts: Sequence[str]) -> list[Node | None]:
    if len(texts) > NODES_MAX:
        message = f"`ids` are more than {NODES_MAX}; ask in several requests."
        raise InvalidInputError(message, code="TOO_MANY_IDS", path=("ids",))
    return list(await asyncio.gather(*(_node(info, text) for text in texts)))


def _made(*, in_order: bool) -> strawberry.Schema:
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Brand, Member, Movement],
        config=StrawberryConfig(scalar_map=SCALARS, sort_schema=in_order),
    )


@cache
def core(*, defer: bool = False) -> GraphQLSchema:
    """Return the schema as graphql-core executes it, on request with `@defer`."""
    made = _made(in_order=False)._schema  # noqa: SLF001 - there is no public way to it
    for kind in made.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            # Strawberry checks this with rules of its own; graphql-core does it more strictly.
            kind.is_one_of = kind.extensions["strawberry-definition"].is_one_of
    if defer:
        made.directives = (*made.directives, GraphQLDeferDirective)
    return made


def sdl() -> str:
    """Return the schema as text, sorted, as it is kept in ``schema.graphql``."""
    # Only for printing: sorting makes enum types anew, without what turns members into names.
    text = _made(in_order=True).as_str() + "\n"
    # Older tools don't know the directive by themselves; everything is described.
    return text.replace(_ONE_OF, f'"""Exactly one of its fields is given."""\n{_ONE_OF}')
