"""The verbs that change the ledger: open, post, hold, resolve, reverse, close a period."""

from collections.abc import Sequence
from datetime import date, datetime

import orjson

from domain.brands.rules import Brand
from domain.ledger import queries
from domain.ledger.rules import (
    Asset,
    Balance,
    Journal,
    NewAccount,
    Outcome,
    PostedTransfer,
    Resolution,
    Reversal,
    Transfer,
    expressible,
    mirrored,
    request_hash,
)
from kit.db import Session
from kit.errors import LaurelError
from kit.ids import content_hash

_PARAMETERS = ", ".join(f"${n}" for n in range(1, 21))
_POST = f"SELECT * FROM ledger_post({_PARAMETERS})"  # noqa: S608 - names of parameters only
_TOTALS = ("accounts", "drs", "crs", "dr_pendings", "cr_pendings")


class PeriodError(LaurelError):
    """The period can't be closed."""

    code = "PERIOD_CLOSED"


async def open_asset(session: Session, brand: Brand, code: str, scale: int, kind: str) -> Asset:
    """Return the brand's asset ``code``, made if it is missing.

    Raises LaurelError (ASSET_SCALE) if it exists with another scale or kind: a scale can never
    change, since every amount ever written is counted in it.
    """
    await session.fetch(
        "INSERT INTO asset (brand_id, code, scale, kind) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        brand.id,
        code,
        scale,
        kind,
    )
    asset = await queries.asset(session, brand.id, code)
    if asset is None or (asset.scale, asset.kind) != (scale, kind):
        message = f"The unit {code!r} exists with another scale or kind, which can never change."
        raise LaurelError(message, code="ASSET_SCALE", path=("points", "scale"))
    return asset


async def open_accounts(
    session: Session, brand_id: int, accounts: Sequence[NewAccount]
) -> list[int]:
    """Open what is missing of ``accounts`` and return all their ids in order."""
    columns = (
        brand_id,
        [account.asset_id for account in accounts],
        [account.code for account in accounts],
        [account.owner_id for account in accounts],
    )
    await session.fetch(
        "INSERT INTO account (brand_id, asset_id, code, owner_id, bound, mode)"
        " SELECT $1, a, c, o, b, m"
        " FROM unnest($2::int[], $3::text[], $4::uuid[], $5::smallint[], $6::smallint[])"
        " AS n(a, c, o, b, m) ORDER BY a, c, o ON CONFLICT DO NOTHING",
        *columns,
        [int(account.bound) for account in accounts],
        [int(account.mode) for account in accounts],
    )
    rows = await session.fetch(
        # Two ways, since no index knows IS NOT DISTINCT FROM: it would read all accounts.
        "SELECT f.id FROM unnest($2::int[], $3::text[], $4::uuid[]) WITH ORDINALITY"
        " AS n(a, c, o, i) CROSS JOIN LATERAL ("
        "SELECT id FROM account WHERE brand_id = $1 AND asset_id = a AND code = c AND owner_id = o"
        " UNION ALL SELECT id FROM account WHERE brand_id = $1 AND asset_id = a AND code = c"
        " AND owner_id IS NULL AND o IS NULL) AS f ORDER BY n.i",
        *columns,
    )
    return [row["id"] for row in rows]


async def post(
    session: Session,
    now: datetime,
    brand_id: int,
    journals: Sequence[Journal],
    *,
    actor: str = "system",
) -> list[Outcome]:
    """Post ``journals`` in one round trip and return an outcome for each, in order.

    Each journal is posted whole or refused whole, as if it had come alone after the ones before
    it. A known key answers as it did the first time (KEY_CONFLICT if the content is another).
    Refusals: ACCOUNT_NOT_FOUND, ACCOUNT_CLOSED, ALREADY_REVERSED, ASSET_MISMATCH, EMPTY_JOURNAL,
    EXCEEDS_HOLD, HOLD_EXPIRED, HOLD_NOT_EXPIRED, HOLD_NOT_FOUND, HOLD_RESOLVED,
    INSUFFICIENT_BALANCE, INVALID_AMOUNT, JOURNAL_NOT_FOUND, KEY_CONFLICT, PERIOD_CLOSED,
    SAME_ACCOUNT.
    """
    journals = [expressible(journal) for journal in journals]
    hashes = [request_hash(journal) for journal in journals]
    first: dict[object, int] = {}
    for position, journal in enumerate(journals):
        first.setdefault(journal.key, position)
    sent = sorted(first.values())
    if not sent:
        return []
    answered = dict(
        zip(
            sent,
            await _send(
                session,
                now,
                brand_id,
                [journals[i] for i in sent],
                [hashes[i] for i in sent],
                actor,
            ),
            strict=True,
        )
    )
    return [
        answered[position]
        if first[journal.key] == position
        else _repeated(
            answered[first[journal.key]], same=hashes[position] == hashes[first[journal.key]]
        )
        for position, journal in enumerate(journals)
    ]


def _repeated(outcome: Outcome, *, same: bool) -> Outcome:
    refusal = outcome.refusal if same else "KEY_CONFLICT"
    return Outcome(outcome.journal_id, refusal, replayed=True, balances=outcome.balances)


async def _send(
    session: Session,
    now: datetime,
    brand_id: int,
    journals: list[Journal],
    hashes: list[bytes],
    actor: str,
) -> list[Outcome]:
    lines = [(n, t) for n, journal in enumerate(journals, 1) for t in journal.transfers]
    answer = await session.one(
        _POST,
        brand_id,
        now,
        actor,
        [journal.key for journal in journals],
        hashes,
        [journal.code for journal in journals],
        [journal.effective_at for journal in journals],
        [journal.effective_on for journal in journals],
        [journal.reverses for journal in journals],
        [None if j.meta is None else orjson.dumps(j.meta).decode() for j in journals],
        [journal.refusal for journal in journals],
        [n for n, _ in lines],
        [int(t.kind) for _, t in lines],
        [t.debit for _, t in lines],
        [t.credit for _, t in lines],
        [t.asset_id for _, t in lines],
        [t.amount for _, t in lines],
        [t.code for _, t in lines],
        [t.pending_id for _, t in lines],
        [t.expires_at for _, t in lines],
    )
    assert answer is not None
    totals = (answer[name] or () for name in _TOTALS)
    balances = {row[0]: Balance(*row) for row in zip(*totals, strict=True)}
    ids = iter(answer["transfers"] or ())
    outcomes = []
    for journal, journal_id, refusal, replayed in zip(
        journals, answer["journals"], answer["refusals"], answer["replayed"], strict=True
    ):
        posted = not replayed and refusal is None
        mine = tuple(next(ids) for _ in journal.transfers) if posted else ()
        outcomes.append(Outcome(journal_id, refusal, replayed, mine, balances))
    return outcomes


async def resolve(
    session: Session, now: datetime, brand: Brand, resolutions: Sequence[Resolution]
) -> list[Outcome]:
    """Post, void or expire holds, each once, and return an outcome for each, in order.

    A post of less than was held gives the rest back. Refusals: see `post`.
    """
    held = await queries.transfers(session, brand.id, [item.hold_id for item in resolutions])
    journals = [
        Journal(
            key=item.key,
            code=item.code,
            effective_at=now,
            effective_on=brand.day(now),
            transfers=(_resolution(item, held[item.hold_id]),) if item.hold_id in held else (),
            meta=item.meta,
            refusal=None if item.hold_id in held else "HOLD_NOT_FOUND",
            request=_asked("resolve", item.hold_id, item.kind, item.code, item.amount),
        )
        for item in resolutions
    ]
    return await post(session, now, brand.id, journals)


def _resolution(item: Resolution, hold: PostedTransfer) -> Transfer:
    return Transfer(
        hold.debit,
        hold.credit,
        hold.asset_id,
        hold.amount if item.amount is None else item.amount,
        item.code,
        kind=item.kind,
        pending_id=hold.id,
    )


async def reverse(
    session: Session, now: datetime, brand: Brand, reversals: Sequence[Reversal]
) -> list[Outcome]:
    """Undo whole journals, each at most once, effective now. Refusals: see `post`.

    A journal that moved nothing (an open hold, a refusal) answers JOURNAL_NOT_FOUND.
    """
    found = await queries.journal_transfers(
        session, brand.id, [item.journal_id for item in reversals]
    )
    journals = []
    for item in reversals:
        undone = mirrored(found.get(item.journal_id, []))
        journals.append(
            Journal(
                key=item.key,
                code=item.code,
                effective_at=now,
                effective_on=brand.day(now),
                transfers=undone,
                reverses=item.journal_id,
                refusal=None if undone else "JOURNAL_NOT_FOUND",
                request=_asked("reverse", item.journal_id, item.code),
            )
        )
    return await post(session, now, brand.id, journals)


def _asked(*parts: object) -> bytes:
    """Return the hash of a request whose journal also depends on when it comes."""
    return content_hash(*(str(part).encode() for part in parts))


async def close_period(session: Session, now: datetime, brand: Brand, ends_on: date) -> None:
    """Close the brand's books up to and including the day ``ends_on``, for good.

    Raises PeriodError if that day is closed already or not over yet.
    """
    if ends_on >= brand.day(now):
        message = f"{ends_on} is not over yet in {brand.time_zone}."
        raise PeriodError(message, code="PERIOD_NOT_OVER", path=("endsOn",))
    if not await session.value("SELECT ledger_close_period($1, $2, $3)", brand.id, ends_on, now):
        message = f"The books are closed up to {ends_on} or later already."
        raise PeriodError(message, path=("endsOn",))
