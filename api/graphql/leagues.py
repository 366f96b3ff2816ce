"""Leagues: in which one a member plays, against whom this week, and who rises and falls."""

from datetime import date
from enum import Enum
from uuid import UUID

import strawberry

from api.boards import amount, boards_in
from api.context import Info
from api.graphql.board_places import quantity
from api.graphql.fields import SIGNED_IN, attribute
from api.graphql.quantities import Quantity
from domain.programmes.rules import Programme
from gamification.leaderboards.queries_leagues import Seated
from gamification.leaderboards.rules_people import Face
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.section_people import League as Rules
from kit.ids import derived_id
from kit.words import in_language

LEAGUES_USUAL = 3
COHORT_USUAL = 30


@strawberry.enum(description="What becomes of a member's week in a league.")
class LeagueOutcome(Enum):
    """The outcomes."""

    PROMOTED = strawberry.enum_value("promoted", description="The next week is in a higher league.")
    STAYED = strawberry.enum_value("stayed", description="The next week is in the same league.")
    RELEGATED = strawberry.enum_value(
        "relegated", description="The next week is in a lower league."
    )


@strawberry.type(description="A league of a programme.")
class League:
    """A league as shown."""

    code: str = attribute(SIGNED_IN, "Its short name in the programme.")
    name: str = attribute(
        SIGNED_IN, "What it is called, in the language that `Accept-Language` asks for."
    )
    promote: int = attribute(SIGNED_IN, "How many of the first of a cohort rise.")
    relegate: int = attribute(SIGNED_IN, "How many of the last of a cohort fall.")


@strawberry.type(description="A place in the cohort of a week.")
class LeaguePlace:
    """A place."""

    key: str = attribute(SIGNED_IN, "Tells the places apart, also later; it says not who it is.")
    place: int = attribute(SIGNED_IN, "The place in the cohort, from 1 on; no two have the same.")
    name: str = attribute(SIGNED_IN, "The alias, or a made-up name, as on boards.")
    score: Quantity = attribute(SIGNED_IN, "How much was counted in the week.", weight=0)
    outcome: LeagueOutcome = attribute(SIGNED_IN, "What would come of it if the week ended now.")
    is_me: bool = attribute(SIGNED_IN, "Whether it is the member whose league it is.")


@strawberry.type(description="Where a member stands in the leagues.")
class LeagueStanding:
    """A standing."""

    league: League = attribute(SIGNED_IN, "The league in which the member plays.")
    leagues: list[League] = attribute(
        SIGNED_IN, "All leagues of the programme, the lowest first.", size=LEAGUES_USUAL
    )
    board: str = attribute(SIGNED_IN, "The code of the board whose scores of the week decide.")
    is_away: bool = attribute(
        SIGNED_IN, "Whether the member has left the leagues: no new week is played."
    )
    ends_on: date | None = attribute(
        SIGNED_IN, "The first day after the week; null without a score in it: no cohort yet."
    )
    me: LeaguePlace | None = attribute(
        SIGNED_IN, "The member's place in the cohort; null while there is no cohort."
    )
    cohort: list[LeaguePlace] = attribute(
        SIGNED_IN,
        "Who plays together this week, the first place first; who has hidden is left out.",
        size=COHORT_USUAL,
    )


async def of_member(info: Info, member_id: UUID) -> LeagueStanding | None:
    """Return where a member stands, None if the brand has no leagues."""
    found = await info.context.boards.leagues.load(member_id)
    programme = await info.context.boards.programme()
    section = programme and programme.document.find(LeaderboardsSection)
    if found is None or programme is None or not section or section.leagues is None:
        return None
    standing, language = found.standing, info.context.language
    leagues = [_league(each, language) for each in section.leagues.league]
    cohort = [
        _place(info, programme, section.leagues.board, each, found.faces[each.entity], member_id)
        for each in standing.rows
    ]
    return LeagueStanding(
        league=next(each for each in leagues if each.code == standing.league),
        leagues=leagues,
        board=section.leagues.board,
        is_away=standing.away,
        ends_on=standing.ends_on,
        me=next((each for each in cohort if each.is_me), None),
        cohort=cohort,
    )


def _league(each: Rules, language: str) -> League:
    return League(
        code=each.code,
        name=in_language(each.name, language),
        promote=each.promote,
        relegate=each.relegate,
    )


def _place(
    info: Info, programme: Programme, code: str, seated: Seated, face: Face, member_id: UUID
) -> LeaguePlace:
    brand = info.context.principal.brand
    board = next(each for each in boards_in(programme) if each.code == code)
    return LeaguePlace(
        key=derived_id("place", code, face.key).hex[:16],
        place=seated.place,
        name=face.name,
        score=quantity(board.score, amount(brand, programme, board, seated.score)),
        outcome=LeagueOutcome(seated.outcome),
        is_me=seated.entity == member_id,
    )
