"""What members have with others, as fields of each of them."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import households
from api.graphql.fields import SIGNED_IN, resolver
from api.graphql.households import (
    INVITATIONS_MAX,
    INVITATIONS_USUAL,
    Household,
    HouseholdInvitation,
)


@strawberry.type
class Together:
    """The part of a member that is about others."""

    key: strawberry.Private[UUID]

    @resolver(SIGNED_IN, "The household that the member is in; null for none.")
    async def household(self, info: Info) -> Household | None:
        return await households.of_member(info, self.key)

    @resolver(
        SIGNED_IN,
        "Into which households the member was asked and can still enter, the newest first; of more"
        f" than {INVITATIONS_MAX} the newest.",
        size=INVITATIONS_USUAL,
    )
    async def invitations(self, info: Info) -> list[HouseholdInvitation]:
        return await households.asked(info, self.key)
