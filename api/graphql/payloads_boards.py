"""What mutations of boards, leagues and fair play answer with."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import fair_play, members
from api.graphql.fair_play import Flag
from api.graphql.fields import SIGNED_IN, STAFF, attribute, resolver
from api.graphql.members import Member
from api.graphql.outcomes import UserError
from api.graphql.query import Query

_WHY = "Why it was refused; nothing was written then."
_MEMBER = "The member with all that changed; null if it was refused."
_QUERY = "Everything that can be asked, as it is after the change."


@strawberry.type
class _Own:
    """What all payloads have of what members may do."""

    member_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(SIGNED_IN, _WHY, size=1)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type
class _OfStaff:
    """What all payloads have of what staff do."""

    member_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(STAFF, _WHY, size=1)

    @resolver(STAFF, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the name.")
class ChooseBoardAliasPayload(_Own):
    """The payload of chooseBoardAlias."""


@strawberry.type(description="What became of the wish to hide.")
class HideFromBoardsPayload(_Own):
    """The payload of hideFromBoards."""


@strawberry.type(description="What became of the wish to be listed.")
class ShowOnBoardsPayload(_Own):
    """The payload of showOnBoards."""


@strawberry.type(description="What became of the wish to leave the leagues.")
class LeaveLeaguesPayload(_Own):
    """The payload of leaveLeagues."""


@strawberry.type(description="What became of the wish to play.")
class EnterLeaguesPayload(_Own):
    """The payload of enterLeagues."""


@strawberry.type(description="What became of the alias that was to be removed.")
class RemoveBoardAliasPayload(_OfStaff):
    """The payload of removeBoardAlias."""


@strawberry.type(description="What became of the ban.")
class BanFromBoardsPayload(_OfStaff):
    """The payload of banFromBoards."""


@strawberry.type(description="What became of the bans that were to end.")
class LiftBanPayload(_OfStaff):
    """The payload of liftBan."""


@strawberry.type(description="What became of the member who was to be left out.")
class ExcludeFromBoardsPayload(_OfStaff):
    """The payload of excludeFromBoards."""


@strawberry.type(description="What became of the member who was to be left out no more.")
class IncludeOnBoardsPayload(_OfStaff):
    """The payload of includeOnBoards."""


@strawberry.type(description="What became of the place; `member` is null for a team.")
class DisqualifyPlacePayload(_OfStaff):
    """The payload of disqualifyPlace."""


@strawberry.type(description="What became of the decision on a flag.")
class ReviewFlagPayload:
    """The payload of reviewFlag."""

    flag_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(STAFF, _WHY, size=1)

    @resolver(STAFF, "The flag as it is then; null if it was refused.")
    async def flag(self, info: Info) -> Flag | None:
        return await fair_play.by_key(info, self.flag_key)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()
