"""What can be done with boards, leagues and flags."""

from typing import Annotated

import strawberry

from api.context import Info
from api.graphql import fair_play, listing
from api.graphql.fair_play import ReviewFlagInput
from api.graphql.fields import SIGNED_IN, STAFF, mutation
from api.graphql.listing import (
    BanFromBoardsInput,
    ChooseBoardAliasInput,
    DisqualifyPlaceInput,
    EnterLeaguesInput,
    ExcludeFromBoardsInput,
    HideFromBoardsInput,
    IncludeOnBoardsInput,
    LeaveLeaguesInput,
    LiftBanInput,
    RemoveBoardAliasInput,
    ShowOnBoardsInput,
)
from api.graphql.outcomes import of_error
from api.graphql.payloads_boards import (
    BanFromBoardsPayload,
    ChooseBoardAliasPayload,
    DisqualifyPlacePayload,
    EnterLeaguesPayload,
    ExcludeFromBoardsPayload,
    HideFromBoardsPayload,
    IncludeOnBoardsPayload,
    LeaveLeaguesPayload,
    LiftBanPayload,
    RemoveBoardAliasPayload,
    ReviewFlagPayload,
    ShowOnBoardsPayload,
)
from kit.errors import LaurelError


@strawberry.type
class BoardMutations:
    """The part of the root of mutations that is about boards."""

    @mutation(
        SIGNED_IN,
        "Choose the name by which boards show the member, or none. Members choose their own.",
    )
    async def choose_board_alias(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ChooseBoardAliasInput, strawberry.argument(description="The name.")
        ],
    ) -> ChooseBoardAliasPayload | None:
        try:
            member = await listing.choose_alias(info, input)
        except LaurelError as error:
            return ChooseBoardAliasPayload(member_key=None, errors=[of_error(error, "input")])
        return ChooseBoardAliasPayload(member_key=member, errors=[])

    @mutation(
        SIGNED_IN,
        "Take the member off a board, or off all; what is done still counts for when they come"
        " back. Members hide themselves.",
    )
    async def hide_from_boards(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            HideFromBoardsInput, strawberry.argument(description="The wish.")
        ],
    ) -> HideFromBoardsPayload | None:
        try:
            member = await listing.hide(info, input)
        except LaurelError as error:
            return HideFromBoardsPayload(member_key=None, errors=[of_error(error, "input")])
        return HideFromBoardsPayload(member_key=member, errors=[])

    @mutation(SIGNED_IN, "List the member again who was hidden. Members show themselves.")
    async def show_on_boards(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ShowOnBoardsInput, strawberry.argument(description="The wish.")
        ],
    ) -> ShowOnBoardsPayload | None:
        try:
            member = await listing.show(info, input)
        except LaurelError as error:
            return ShowOnBoardsPayload(member_key=None, errors=[of_error(error, "input")])
        return ShowOnBoardsPayload(member_key=member, errors=[])

    @mutation(
        SIGNED_IN,
        "Play in no league any more; the place of this week stays. Members leave for themselves.",
    )
    async def leave_leagues(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            LeaveLeaguesInput, strawberry.argument(description="The wish.")
        ],
    ) -> LeaveLeaguesPayload | None:
        try:
            member = await listing.leave(info, input)
        except LaurelError as error:
            return LeaveLeaguesPayload(member_key=None, errors=[of_error(error, "input")])
        return LeaveLeaguesPayload(member_key=member, errors=[])

    @mutation(SIGNED_IN, "Play in the leagues again. Members enter for themselves.")
    async def enter_leagues(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            EnterLeaguesInput, strawberry.argument(description="The wish.")
        ],
    ) -> EnterLeaguesPayload | None:
        try:
            member = await listing.enter(info, input)
        except LaurelError as error:
            return EnterLeaguesPayload(member_key=None, errors=[of_error(error, "input")])
        return EnterLeaguesPayload(member_key=member, errors=[])

    @mutation(STAFF, "Remove a member's alias from all boards; nobody can choose it again.")
    async def remove_board_alias(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RemoveBoardAliasInput, strawberry.argument(description="The alias.")
        ],
    ) -> RemoveBoardAliasPayload | None:
        try:
            member = await listing.remove_alias(info, input)
        except LaurelError as error:
            return RemoveBoardAliasPayload(member_key=None, errors=[of_error(error, "input")])
        return RemoveBoardAliasPayload(member_key=member, errors=[])

    @mutation(STAFF, "Take a member off a board, or off all.")
    async def ban_from_boards(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            BanFromBoardsInput, strawberry.argument(description="The ban.")
        ],
    ) -> BanFromBoardsPayload | None:
        try:
            member = await listing.ban(info, input)
        except LaurelError as error:
            return BanFromBoardsPayload(member_key=None, errors=[of_error(error, "input")])
        return BanFromBoardsPayload(member_key=member, errors=[])

    @mutation(STAFF, "End a member's bans.")
    async def lift_ban(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            LiftBanInput, strawberry.argument(description="The bans.")
        ],
    ) -> LiftBanPayload | None:
        try:
            member = await listing.lift(info, input)
        except LaurelError as error:
            return LiftBanPayload(member_key=None, errors=[of_error(error, "input")])
        return LiftBanPayload(member_key=member, errors=[])

    @mutation(STAFF, "Leave somebody of the brand out of all boards.")
    async def exclude_from_boards(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ExcludeFromBoardsInput, strawberry.argument(description="The member.")
        ],
    ) -> ExcludeFromBoardsPayload | None:
        try:
            member = await listing.exclude(info, input)
        except LaurelError as error:
            return ExcludeFromBoardsPayload(member_key=None, errors=[of_error(error, "input")])
        return ExcludeFromBoardsPayload(member_key=member, errors=[])

    @mutation(STAFF, "Leave a member out of boards no more.")
    async def include_on_boards(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            IncludeOnBoardsInput, strawberry.argument(description="The member.")
        ],
    ) -> IncludeOnBoardsPayload | None:
        try:
            member = await listing.include(info, input)
        except LaurelError as error:
            return IncludeOnBoardsPayload(member_key=None, errors=[of_error(error, "input")])
        return IncludeOnBoardsPayload(member_key=member, errors=[])

    @mutation(
        STAFF,
        "Take the prize from a place of a window that is over; the place stays in the results.",
    )
    async def disqualify_place(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            DisqualifyPlaceInput, strawberry.argument(description="The place.")
        ],
    ) -> DisqualifyPlacePayload | None:
        try:
            member = await listing.take_prize(info, input)
        except LaurelError as error:
            return DisqualifyPlacePayload(member_key=None, errors=[of_error(error, "input")])
        return DisqualifyPlacePayload(member_key=member, errors=[])

    @mutation(
        STAFF,
        "Clear a flag, so that the member's prizes are paid, or confirm it: the member leaves the"
        " windows in which it counted.",
    )
    async def review_flag(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ReviewFlagInput, strawberry.argument(description="The decision.")
        ],
    ) -> ReviewFlagPayload | None:
        try:
            flag = await fair_play.decide(info, input)
        except LaurelError as error:
            return ReviewFlagPayload(flag_key=None, errors=[of_error(error, "input")])
        return ReviewFlagPayload(flag_key=flag, errors=[])
