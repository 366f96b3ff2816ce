"""The verbs by which windows close, their results freeze and their prizes are owed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.leaderboards import store_close as store
from gamification.leaderboards.rules_close import closes_at
from gamification.leaderboards.service_places import board_of, settle
from gamification.leaderboards.store_close import Disqualified, Window
from kit.db import Session
from kit.ids import content_hash, derived_id
from kit.texts import usable

REASON_LENGTH_MAX = 2_000
PLACES_MAX = 20_000
"""Places that are written in one transaction, of all windows together."""


@dataclass(frozen=True, slots=True)
class Disqualify:
    """That ``actor`` of staff takes the prize from a place of a frozen window, and why."""

    key: str
    window_id: int
    entity: UUID
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class DisqualifyOutcome:
    """What became of it. ``code`` None: it is done, now or (``replayed``) before."""

    code: str | None = None
    message: str | None = None
    replayed: bool = False


async def begin(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int = 100
) -> int:
    """Close up to ``limit`` windows to scores whose time is over; return how many.

    A window closes ``close_after_hours`` after its end, as the programme in force at its end
    says, and once every fact that was recorded by then is in its scores. One that was opened
    later, because history is brought in, closes as long after that, and has no prizes unless
    something of it was reported in time.
    """
    over: dict[int, datetime] = {}
    for window in await store.ended(session, brand.id, brand.day(now)):
        board = board_of(brand, timeline, window)
        at = closes_at(brand.zone, window.ends_on, board, window.opened_at)
        if at <= now and len(over) < limit:
            over[window.id] = at
    if not over or not await store.heard(session, brand.id, max(over.values())):
        return 0
    return await store.begin(session, over)


async def freeze(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    limit: int = 20,
    places: int = PLACES_MAX,
) -> int:
    """Write results of up to ``limit`` closing windows; return at how many it worked.

    A window whose last place is written has its prizes owed and is frozen, in the same
    transaction. Others are gone on with in the next one: a long transaction would keep every
    subscriber of facts waiting. Each window is locked, so nothing is done twice, whoever dies on
    the way and however many work at it. What somebody else works at is passed over. Who was banned
    since the window closed keeps the place and is disqualified.
    """
    windows = await store.lock_closing(session, brand.id, limit)
    if not windows:
        return 0
    boards = {window.id: board_of(brand, timeline, window) for window in windows}
    rankings = {id_: board.rank if board else "ordinal" for id_, board in boards.items()}
    each = max(1, places // len(windows))
    written = await store.write_results(session, brand.id, rankings, each)
    await _take_out_banned(session, now, brand, written)
    await settle(session, now, brand, timeline, [one for one in windows if one.id in written])
    await store.freeze(session, now, written)
    return len(windows)


async def disqualify(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Disqualify]
) -> list[DisqualifyOutcome]:
    """Take places of frozen windows out of the prizes; an outcome for each item, in order.

    The prize is undone. The place stays in the results; the others keep their prizes unless the
    board says ``move_up``: then they get those of the places they move up to. A key is done once.
    Refusals: INVALID_INPUT, KEY_CONFLICT, WINDOW_NOT_FROZEN, NOT_PLACED, ALREADY_DISQUALIFIED.
    """
    ids = [derived_id("board disqualification", str(brand.id), item.key) for item in items]
    windows = await store.lock_frozen(session, brand.id, {item.window_id for item in items})
    known = await store.known(session, brand.id, ids)
    out = set(await store.disqualified(session, list(windows)))
    placed = await store.placed(session, [(item.window_id, item.entity) for item in items])
    new: list[Disqualified] = []
    outcomes = []
    for item, id_ in zip(items, ids, strict=True):
        asked = _asked(id_, item)
        outcome = _refusal(item, known.get(id_), asked, windows, placed, out)
        if outcome is None:
            new.append(asked)
            known[id_] = asked
            out.add((item.window_id, item.entity))
        outcomes.append(outcome or DisqualifyOutcome())
    if new:
        await store.disqualify(session, now, brand.id, new)
        changed = {each.window_id for each in new}
        await settle(session, now, brand, timeline, [windows[each] for each in sorted(changed)])
    return outcomes


async def _take_out_banned(
    session: Session, now: datetime, brand: Brand, window_ids: Collection[int]
) -> None:
    """Disqualify who was banned too late to leave the scores."""
    found = await store.banned(session, brand.id, window_ids) if window_ids else []
    out = []
    for window_id, entity in found:
        id_ = derived_id("board ban", str(brand.id), str(window_id), str(entity))
        out.append(_asked(id_, Disqualify(str(id_), window_id, entity, "leaderboards", "banned")))
    if out:
        await store.disqualify(session, now, brand.id, out)


def _asked(id_: UUID, item: Disqualify) -> Disqualified:
    said = (str(item.window_id), str(item.entity), item.actor, item.reason)
    request = content_hash(*(each.encode(errors="surrogatepass") for each in said))
    return Disqualified(id_, item.window_id, item.entity, item.actor, item.reason, request)


def _refusal(
    item: Disqualify,
    before: Disqualified | None,
    asked: Disqualified,
    windows: Mapping[int, Window],
    placed: Collection[tuple[int, UUID]],
    out: Collection[tuple[int, UUID]],
) -> DisqualifyOutcome | None:
    """Return why nothing is to be done, None if something is."""
    if before is not None and before.request == asked.request:
        return DisqualifyOutcome(replayed=True)
    place = item.window_id, item.entity
    told = usable(item.actor) and usable(item.reason, REASON_LENGTH_MAX)
    wrong = (
        (before is not None, "KEY_CONFLICT", "This key was used before for another place."),
        (not told, "INVALID_INPUT", "Say who does it and why, in printable text."),
        (
            item.window_id not in windows,
            "WINDOW_NOT_FROZEN",
            "The brand has no such frozen window; ban whoever cheats in an open one.",
        ),
        (place not in placed, "NOT_PLACED", "It has no place in this window."),
        (place in out, "ALREADY_DISQUALIFIED", "It is disqualified in this window already."),
    )
    return next((DisqualifyOutcome(code, why) for so, code, why in wrong if so), None)
