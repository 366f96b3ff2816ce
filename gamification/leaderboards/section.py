"""The ``[leaderboards]`` section of a programme file."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from gamification.leaderboards.section_faults import faults_of
from gamification.leaderboards.section_parts import (
    BOARDS_MAX,
    SEASONS_MAX,
    Board,
    Path,
    Season,
)
from gamification.leaderboards.section_people import FairPlay, Leagues
from kit.documents import Section


class LeaderboardsSection(Section):
    """Boards that say who did most; without this section there are none.

    What was done is judged by the version in force when it happened: a new board begins with its
    version, and one that is left out counts nothing from then on. How a board counts and shows
    windows is what the version in force now says; a change of it is worked out anew.
    """

    optional: ClassVar[bool] = True

    board: Annotated[tuple[Board, ...], Field(max_length=BOARDS_MAX)] = Field(
        default=(), description="the boards, each a [[leaderboards.board]]"
    )
    season: Annotated[tuple[Season, ...], Field(max_length=SEASONS_MAX)] = Field(
        default=(), description="the seasons, each a [[leaderboards.season]]"
    )
    leagues: Leagues | None = Field(default=None, description="weekly cohorts that rise and fall")
    fair_play: FairPlay | None = Field(default=None, description="what staff look at first")

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield what names nothing, contradicts itself or can't be counted."""
        yield from faults_of(self.board, self.season, self.leagues, self.fair_play, others)
