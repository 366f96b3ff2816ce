"""What mutations answer with: what was done, why not, and everything as it is then."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.activities import ActivityOutcome
from api.graphql.corrections import AdjustmentOutcome
from api.graphql.enrolment import MemberOutcome
from api.graphql.fields import BRAND, SERVERS, STAFF, attribute, resolver
from api.graphql.grants import StatusGrant
from api.graphql.members import Member
from api.graphql.outcomes import UserError
from api.graphql.purchases import PurchaseOutcome
from api.graphql.query import Query
from api.graphql.refunds import RefundOutcome
from api.graphql.releases import ReleaseOutcome

_WHOLE = "Why the request as a whole was refused; nothing was written then."
_ONE = "Why it was refused; nothing was written then."
_MEMBER = "The member with all that changed; null if it was refused."
_QUERY = "Everything that can be asked, as it is after the change."


@strawberry.type(description="What became of the purchases.")
class RecordPurchasesPayload:
    """The payload of recordPurchases."""

    outcomes: list[PurchaseOutcome] = attribute(
        SERVERS, "One per purchase sent, in the same order; empty if `errors` is not."
    )
    errors: list[UserError] = attribute(SERVERS, _WHOLE, size=1)

    @resolver(SERVERS, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the activities.")
class RecordActivitiesPayload:
    """The payload of recordActivities."""

    outcomes: list[ActivityOutcome] = attribute(
        BRAND, "One per activity sent, in the same order; empty if `errors` is not."
    )
    errors: list[UserError] = attribute(BRAND, _WHOLE, size=1)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the refund.")
class RefundPurchasePayload:
    """The payload of refundPurchase."""

    refund: RefundOutcome | None = attribute(BRAND, "The refund; null if it was refused.")
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of those who were to be members.")
class EnrolMembersPayload:
    """The payload of enrolMembers."""

    outcomes: list[MemberOutcome] = attribute(
        BRAND, "One per member sent, in the same order; empty if `errors` is not."
    )
    errors: list[UserError] = attribute(BRAND, _WHOLE, size=1)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of what was to be known of members.")
class AmendMembersPayload:
    """The payload of amendMembers."""

    outcomes: list[MemberOutcome] = attribute(
        BRAND, "One per member sent, in the same order; empty if `errors` is not."
    )
    errors: list[UserError] = attribute(BRAND, _WHOLE, size=1)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the points that waited.")
class ReleasePointsPayload:
    """The payload of releasePoints."""

    outcomes: list[ReleaseOutcome] = attribute(
        BRAND,
        "One per purchase or activity sent, in the same order; empty if `errors` is not.",
    )
    errors: list[UserError] = attribute(BRAND, _WHOLE, size=1)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the correction.")
class AdjustPointsPayload:
    """The payload of adjustPoints."""

    adjustment: AdjustmentOutcome | None = attribute(
        STAFF, "The correction; null if it was refused."
    )
    errors: list[UserError] = attribute(STAFF, _ONE, size=1)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the grant.")
class GrantStatusPayload:
    """The payload of grantStatus."""

    member_key: strawberry.Private[UUID | None]
    grant: StatusGrant | None = attribute(BRAND, "The grant; null if it was refused.")
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(BRAND, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the grant that was to count no more.")
class RevokeStatusPayload:
    """The payload of revokeStatus."""

    member_key: strawberry.Private[UUID | None]
    grant: StatusGrant | None = attribute(BRAND, "The grant; null if it was refused.")
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(BRAND, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()
