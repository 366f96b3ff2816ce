"""The schema as a whole: what can be asked and what can be done."""

from functools import cache

import strawberry
from graphql import GraphQLDeferDirective, GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from api.graphql.brands import Brand
from api.graphql.fair_play import Flag
from api.graphql.gifts import Gift
from api.graphql.grants import StatusGrant
from api.graphql.households import Household, HouseholdInvitation, HouseholdPerson
from api.graphql.members import Member
from api.graphql.mutation import Mutation
from api.graphql.query import Query
from api.graphql.redemptions import Redemption
from api.graphql.referrals import Referral
from api.graphql.rewards import Reward
from api.graphql.scalars import SCALARS
from api.graphql.subscription import Subscription
from api.graphql.versions import ProgrammeVersion
from api.graphql.vouchers import Voucher
from api.graphql.wallets import Movement

_ONE_OF = "directive @oneOf on INPUT_OBJECT"


def _made(*, in_order: bool) -> strawberry.Schema:
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            Brand,
            Flag,
            Gift,
            Household,
            HouseholdInvitation,
            HouseholdPerson,
            Member,
            Movement,
            ProgrammeVersion,
            Redemption,
            Referral,
            Reward,
            StatusGrant,
            Voucher,
        ],
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
