"""What a ``[leaderboards]`` section can say that makes no sense."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from domain.brands.section import BrandSection
from domain.tiers.section import TiersSection
from gamification.grounds.section_faults import filter_faults
from gamification.grounds.section_parts import Filter
from gamification.leaderboards.section_parts import (
    BRAND,
    STORE,
    TIER,
    Board,
    Path,
    Season,
)
from gamification.leaderboards.section_people import (
    FairPlay,
    Leagues,
    PlacePrize,
    closing_faults,
    fair_play_faults,
    league_faults,
)
from kit.documents import Section, find_section, no_such

Fault = tuple[Path, str]


def faults_of(
    boards: Sequence[Board],
    seasons: Sequence[Season],
    leagues: Leagues | None,
    fair_play: FairPlay | None,
    others: Mapping[str, Section],
) -> Iterator[Fault]:
    """Yield all that is wrong with the parts of a section among the ``others`` of its file."""
    yield from _twice("board", [each.code for each in boards])
    yield from _twice("season", [each.code for each in seasons])
    for index, board in enumerate(boards):
        path: Path = ("board", index)
        for place, message in _board_faults(board, seasons, others):
            yield (*path, *place), message
        yield from _placed(path, closing_faults(board, others))
        for number, prize in enumerate(board.prize):
            yield from _placed((*path, "prize", number), _prize_faults(prize, board))
    yield from _season_faults(seasons)
    if leagues is not None:
        yield from _placed(("leagues",), league_faults(leagues))
        yield from _leagues_faults(leagues, boards)
    brand = find_section(others, BrandSection)
    if fair_play is not None and brand is not None:
        yield from _placed(("fair_play",), fair_play_faults(fair_play, brand.currency_exponent))


def _placed(path: Path, faults: Iterator[Fault]) -> Iterator[Fault]:
    for place, message in faults:
        yield (*path, *place), message


def _twice(name: str, codes: Sequence[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, code in enumerate(codes):
        if code in seen:
            yield (name, index, "code"), f"{code!r} is taken by a {name} before"
        seen.add(code)


def _again(name: str, words: Sequence[str]) -> Iterator[Fault]:
    for index, word in enumerate(words):
        if word in words[:index]:
            yield (name, index), f"says {word!r} again; once is enough"


def _board_faults(
    board: Board, seasons: Sequence[Season], others: Mapping[str, Section]
) -> Iterator[Fault]:
    yield from _counting_faults(board, others)
    yield from _again("periods", board.periods)
    if not board.periods and board.rolling_days is None:
        yield ("periods",), 'is empty, so there is no window; write some, such as ["week", "all"]'
    if "season" in board.periods and not seasons:
        yield ("periods",), "has seasons, but there is none; add a [[leaderboards.season]]"
    if (board.of == "teams") != (board.team is not None):
        message = 'goes with of = "teams", and only with it: the attribute that names the team'
        yield ("team",), message
    yield from _scope_faults(board, others)
    yield from _again("exclude", board.exclude)


def _counting_faults(board: Board, others: Mapping[str, Section]) -> Iterator[Fault]:
    if (board.score == "value") != (board.value is not None):
        message = 'goes with score = "value", and only with it: what each gives'
        yield ("value",), message
    if board.apart_minutes is not None and board.score != "visits":
        yield ("apart_minutes",), 'goes with score = "visits", and only with it'
    if board.score != "challenge_points":
        yield from filter_faults((), board, others)
        return
    for name, field in Filter.model_fields.items():
        if getattr(board, name) != field.get_default():
            message = 'has no meaning with score = "challenge_points"; leave it out'
            yield (field.alias or name,), message
    if "challenges" not in others:
        yield ("score",), "counts challenges, but there is none; add [challenges]"


def _scope_faults(board: Board, others: Mapping[str, Section]) -> Iterator[Fault]:
    yield from _again("scopes", board.scopes)
    tiers = find_section(others, TiersSection)
    for index, scope in enumerate(board.scopes):
        path: Path = ("scopes", index)
        if ":" in scope:
            yield path, "names an attribute with a colon, which can't be told apart; rename it"
        if scope == TIER and (tiers is None or not tiers.names):
            yield path, "is tier, but there is none; add [tiers], or leave it out"
        if board.of == "teams" and scope not in (BRAND, STORE):
            yield path, f"can't be {scope!r} on a board of teams: its members may differ in it"
        if scope == STORE and board.score == "challenge_points":
            yield path, "can't be 'store': challenges are completed in no store"


def _prize_faults(prize: PlacePrize, board: Board) -> Iterator[Fault]:
    if prize.period not in board.periods:
        yield ("period",), f"names {no_such(prize.period, 'period of this board', board.periods)}"
    if prize.scope is not None and prize.scope not in board.scopes:
        yield ("scope",), f"names {no_such(prize.scope, 'scope of this board', board.scopes)}"


def _season_faults(seasons: Sequence[Season]) -> Iterator[Fault]:
    for index, season in enumerate(seasons):
        if season.until <= season.from_:
            yield ("season", index, "until"), "is not after from; choose a later day"
        for before in seasons[:index]:
            if season.from_ < before.until and before.from_ < season.until:
                message = f"overlaps the season {before.code!r}; a day is in one season"
                yield ("season", index, "from"), message


def _leagues_faults(leagues: Leagues, boards: Sequence[Board]) -> Iterator[Fault]:
    known: Collection[str] = [each.code for each in boards]
    board = next((each for each in boards if each.code == leagues.board), None)
    if board is None:
        yield ("leagues", "board"), f"names {no_such(leagues.board, 'board', known)}"
    elif "week" not in board.periods or board.of != "members":
        yield ("leagues", "board"), f"names {board.code!r}, which needs weeks, of members"
