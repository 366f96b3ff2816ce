"""How members and staff change who is listed on boards, by which name, and who keeps a prize."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry

from api.auth import Role
from api.context import Info
from api.graphql.acting import MEMBER, acting, known
from api.graphql.boards import BoardPeriod
from api.graphql.requests import KEY, Keyed, brands_key, checked_text, done_once, stored
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from gamification.leaderboards import queries_scores as scores
from gamification.leaderboards.rules_people import ALIAS_MAX, ALIAS_MIN
from gamification.leaderboards.rules_people_change import REASON_LENGTH_MAX, Kind
from gamification.leaderboards.rules_scores import team_id
from gamification.leaderboards.service_close import Disqualify, disqualify
from gamification.leaderboards.service_people import PersonChange, change
from kit.db import Session
from kit.errors import IdempotencyConflictError, LaurelError

OWN = "member"
"""Who made a change that the member made: the history says no name."""

_BOARD = "The code of the board; all boards without it."
_REASON = f"Why, 1 to {REASON_LENGTH_MAX:,} characters; staff read it."
_WHOM = "Your id of the member, 1 to 200 characters."


@strawberry.input(description="The name by which a member is to be shown on boards.")
class ChooseBoardAliasInput:
    """The input of chooseBoardAlias."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    alias: str | None = strawberry.field(
        default=None,
        description=f"The name, {ALIAS_MIN} to {ALIAS_MAX} characters, one a letter or a digit;"
        " nobody else's. A made-up name without it.",
    )


@strawberry.input(description="That a member is to be listed no more.")
class HideFromBoardsInput:
    """The input of hideFromBoards."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    board: str | None = strawberry.field(default=None, description=_BOARD)


@strawberry.input(description="That a member is to be listed again.")
class ShowOnBoardsInput:
    """The input of showOnBoards."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    board: str | None = strawberry.field(default=None, description=_BOARD)


@strawberry.input(description="A member who leaves the leagues.")
class LeaveLeaguesInput:
    """The input of leaveLeagues."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)


@strawberry.input(description="A member who had left the leagues and plays again.")
class EnterLeaguesInput:
    """The input of enterLeagues."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)


@strawberry.input(description="An alias that nobody is to bear.")
class RemoveBoardAliasInput:
    """The input of removeBoardAlias."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description=_WHOM)
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="A member who is to be taken off boards.")
class BanFromBoardsInput:
    """The input of banFromBoards."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description=_WHOM)
    board: str | None = strawberry.field(default=None, description=_BOARD)
    until: datetime | None = strawberry.field(
        default=None, description="The first instant at which it is over; for good without it."
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="Bans that are to end.")
class LiftBanInput:
    """The input of liftBan."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description=_WHOM)
    board: str | None = strawberry.field(
        default=None, description="The code of the board; every ban of the member without it."
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="Somebody of the brand, who is to be left out of all boards.")
class ExcludeFromBoardsInput:
    """The input of excludeFromBoards."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description=_WHOM)
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="Somebody who is to be left out no more.")
class IncludeOnBoardsInput:
    """The input of includeOnBoards."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description=_WHOM)
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(one_of=True, description="The one way to say whose place it is.")
class PlaceBy:
    """Exactly one of them."""

    member: str | None = strawberry.field(default=strawberry.UNSET, description=_WHOM)
    team: str | None = strawberry.field(
        default=strawberry.UNSET, description="A team's name, as the board shows it."
    )


@strawberry.input(description="A place of a window that is over, whose prize is to be taken.")
class DisqualifyPlaceInput:
    """The input of disqualifyPlace."""

    idempotency_key: str = strawberry.field(description=KEY)
    board: str = strawberry.field(description="The code of the board.")
    period: BoardPeriod = strawberry.field(description="Over which days the window counts.")
    scope: str | None = strawberry.field(
        default=None, description="Which part of the brand it counts; all of it without it."
    )
    on: date = strawberry.field(description="A day of the window.")
    place: PlaceBy = strawberry.field(description="Whose place it is.")
    reason: str = strawberry.field(description=_REASON)


async def choose_alias(info: Info, given: ChooseBoardAliasInput) -> UUID:
    """Choose or drop an alias as one transaction; return whose. Raises LaurelError if refused."""
    return await _own(info, "chooseBoardAlias", "set_alias", given, given.member, alias=given.alias)


async def hide(info: Info, given: HideFromBoardsInput) -> UUID:
    """Hide a member as one transaction; return whom. Raises LaurelError if refused."""
    return await _own(info, "hideFromBoards", "hide", given, given.member, board=given.board)


async def show(info: Info, given: ShowOnBoardsInput) -> UUID:
    """List a member again as one transaction; return whom. Raises LaurelError if refused."""
    return await _own(info, "showOnBoards", "show", given, given.member, board=given.board)


async def leave(info: Info, given: LeaveLeaguesInput) -> UUID:
    """Leave the leagues as one transaction; return who. Raises LaurelError if refused."""
    return await _own(info, "leaveLeagues", "leave_leagues", given, given.member)


async def enter(info: Info, given: EnterLeaguesInput) -> UUID:
    """Enter the leagues as one transaction; return who. Raises LaurelError if refused."""
    return await _own(info, "enterLeagues", "enter_leagues", given, given.member)


async def remove_alias(info: Info, given: RemoveBoardAliasInput) -> UUID:
    """Remove an alias as one transaction; return whose. Raises LaurelError if refused."""
    return await _staff(info, "removeBoardAlias", "moderate", given, given.member, given.reason)


async def ban(info: Info, given: BanFromBoardsInput) -> UUID:
    """Ban a member as one transaction; return whom. Raises LaurelError if refused."""
    asked = {"board": given.board, "until": given.until}
    return await _staff(info, "banFromBoards", "ban", given, given.member, given.reason, **asked)


async def lift(info: Info, given: LiftBanInput) -> UUID:
    """End bans as one transaction; return whose. Raises LaurelError if refused."""
    asked = {"board": given.board}
    return await _staff(info, "liftBan", "lift", given, given.member, given.reason, **asked)


async def exclude(info: Info, given: ExcludeFromBoardsInput) -> UUID:
    """Leave a member out as one transaction; return whom. Raises LaurelError if refused."""
    return await _staff(info, "excludeFromBoards", "exclude", given, given.member, given.reason)


async def include(info: Info, given: IncludeOnBoardsInput) -> UUID:
    """Leave a member out no more, as one transaction; return whom. Raises LaurelError."""
    return await _staff(info, "includeOnBoards", "include", given, given.member, given.reason)


async def take_prize(info: Info, given: DisqualifyPlaceInput) -> UUID | None:
    """Disqualify a place as one transaction; return whose it is. Raises LaurelError if refused."""
    context = info.context
    brand, actor = context.principal.brand, context.principal.account
    key = brands_key(context, given.idempotency_key, "disqualifyPlace")
    checked_text(given.board, "board")
    member = None
    if given.place.member:
        member = await known(info, given.place.member, "place", "member")
        entity = member.id
    else:
        entity = team_id(brand.id, given.place.team or "")

    async def work(
        session: Session, now: datetime, brand: Brand, given: DisqualifyPlaceInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        window = await _window(session, brand, given)
        item = Disqualify(key, window, entity, actor, given.reason)
        (done,) = await disqualify(session, now, brand, timeline, [item])
        return stored(done)

    paths = {"WINDOW_NOT_FROZEN": ("on",), "NOT_PLACED": ("place",)}
    paths["ALREADY_DISQUALIFIED"] = ("place",)
    done = await done_once(context, "disqualifyPlace", given, work)
    _refuse(done, paths.get(done["code"], ()))
    return member.id if member else None


async def _window(session: Session, brand: Brand, given: DisqualifyPlaceInput) -> int:
    scope = given.scope or ""
    if "\0" in scope:
        return 0
    wish = scores.Asked([given.board], [str(given.period.value)], [scope], ["frozen"], given.on)
    if given.period is BoardPeriod.ROLLING:
        return 0
    found = await scores.windows(session, brand.id, wish, first=1)
    return found[0].id if found else 0


async def _own(
    info: Info, verb: str, kind: Kind, given: Keyed, named: str | None, **asked: Any
) -> UUID:
    """Change what the member may change; the brand does it in the member's name."""
    member = await acting(info, named)
    principal = info.context.principal
    actor = OWN if principal.role is Role.MEMBER else principal.account

    def item(key: str) -> PersonChange:
        return PersonChange(key, member.external_id, kind, actor, **asked)

    return await _done(info, verb, given, item)


async def _staff(
    info: Info, verb: str, kind: Kind, given: Keyed, named: str, reason: str, **asked: Any
) -> UUID:
    member = await known(info, named, "member")
    actor = info.context.principal.account

    def item(key: str) -> PersonChange:
        return PersonChange(key, member.external_id, kind, actor, reason, **asked)

    return await _done(info, verb, given, item)


async def _done(info: Info, verb: str, given: Keyed, item: Callable[[str], PersonChange]) -> UUID:
    wanted = item(brands_key(info.context, given.idempotency_key, verb))

    async def work(session: Session, now: datetime, brand: Brand, _: Keyed) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        (outcome,) = await change(session, now, brand, timeline, [wanted])
        return stored(outcome)

    done = await done_once(info.context, verb, given, work)
    _refuse(done, tuple(done["path"]))
    return UUID(done["member_id"])


def _refuse(done: dict[str, Any], path: tuple[str, ...]) -> None:
    """Raise what a verb refused; the names that it has for itself are those of the API."""
    code = done["code"]
    if code == "KEY_CONFLICT":
        raise IdempotencyConflictError(done["message"], path=("idempotency_key",))
    if code:
        told = "UNKNOWN_MEMBER" if code == "MEMBER_NOT_FOUND" else code
        raise LaurelError(done["message"], code=told, path=path)
