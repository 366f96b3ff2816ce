"""The verbs of vouchers: issue them, burn them at a till, give them back unused."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.vouchers import store
from domain.vouchers.rules import (
    Voucher,
    Why,
    burn_refusal,
    burnt,
    return_refusal,
)
from domain.vouchers.rules_code import RANDOM_BYTES, made, meant
from domain.vouchers.store import NewVoucher, TakenCode, Use
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import content_hash, derived_id, random_bytes
from kit.texts import TEXT_LENGTH_MAX, usable

__all__ = ["Burn", "BurnOutcome", "NewVoucher", "burn", "give_back", "issue", "take_codes"]


@dataclass(frozen=True, slots=True)
class Burn:
    """A voucher to use at a till, known by ``key``; ``code`` is what was read or typed there.

    ``amount`` is money in the brand's smallest unit, for a voucher with value; None: all of it
    that is left.
    """

    key: str
    code: str
    store: str
    actor: str
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class BurnOutcome:
    """What became of a use. ``code`` None: done, and ``left`` money remained right after it.

    ``amount`` and ``left`` are None for a voucher that has no value. Of a refusal, ``voucher_id``
    and ``member_id`` say whose voucher it is, if there is one.
    """

    use_id: UUID | None
    voucher_id: UUID | None = None
    member_id: UUID | None = None
    amount: int | None = None
    left: int | None = None
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


_CONFLICT = Why("KEY_CONFLICT", "This key was used before for another use; give a new one.")
_NOT_FOUND = Why("VOUCHER_NOT_FOUND", "code is of no voucher of this brand; read it again.")
_STORE = Why("INVALID_INPUT", f"store must be at most {TEXT_LENGTH_MAX} printable characters.")


async def take_codes(
    session: Session, brand: Brand, wanted: Mapping[str, int]
) -> dict[str, list[TakenCode]]:
    """Lock so many free codes of each pool until the transaction ends; fewer if there are not.

    Codes that other transactions hold are passed by. What is taken and not issued in this
    transaction is free again; `issue` in the same one finds at least as many.
    """
    if not wanted:
        return {}
    return await store.take_codes(session, brand.id, wanted)


async def issue(
    session: Session, now: datetime, brand: Brand, items: Sequence[NewVoucher]
) -> dict[UUID, str]:
    """Issue vouchers and return their codes, as shown, by their ids.

    One whose pool has no code left is not issued and not in the answer. Each id is issued once:
    the caller knows by its redemption whether it was.
    """
    pools = Counter(item.pool for item in items if item.pool is not None)
    taken = {pool: iter(codes) for pool, codes in (await take_codes(session, brand, pools)).items()}
    issued: list[tuple[NewVoucher, str]] = []
    given: dict[int, UUID] = {}
    for item in items:
        if item.pool is None:
            issued.append((item, made(random_bytes(RANDOM_BYTES))))
        elif found := next(taken[item.pool], None):
            issued.append((item, found.code))
            given[found.id] = item.id
    if issued:
        await store.insert(session, now, brand.id, issued)
    if given:
        await store.give_codes(session, given)
    return {item.id: code for item, code in issued}


async def burn(
    session: Session, now: datetime, brand: Brand, items: Sequence[Burn]
) -> list[BurnOutcome]:
    """Use vouchers at a till, wholly or some of their money; an outcome for each, in order.

    A code of a pool is compared as it is; one made here is found however its letters, dashes
    and blanks are typed. Refusals: VOUCHER_NOT_FOUND, VOUCHER_USED, VOUCHER_EXPIRED,
    VOUCHER_RETURNED, INVALID_AMOUNT, EXCEEDS_VALUE, INVALID_INPUT (the store), KEY_CONFLICT.
    Records a fact VoucherUsed for each use.
    """
    ids = [derived_id("voucher use", str(brand.id), item.key) for item in items]
    wanted = {name for item in items for name in meant(item.code)}
    vouchers = await store.lock_codes(session, now, brand.id, wanted)
    known = await store.known_uses(session, brand.id, ids)
    uses: list[Use] = []
    outcomes = []
    for use_id, item in zip(ids, items, strict=True):
        request = _request(item)
        name = next((name for name in meant(item.code) if name in vouchers), None)
        voucher = None if name is None else vouchers[name]
        if use_id in known:
            outcomes.append(_repeated(request, *known[use_id]))
            continue
        why = _STORE if item.store and not usable(item.store) else None
        why = why or (_NOT_FOUND if voucher is None else burn_refusal(voucher, item.amount))
        if why is not None or voucher is None:
            outcomes.append(_refused(why or _NOT_FOUND, voucher))
            continue
        after = burnt(voucher, now, item.amount)
        amount = None if voucher.value is None else after.used - voucher.used
        use = Use(use_id, voucher.id, amount, after.left, item.store, item.actor, request)
        vouchers[voucher.code] = after
        known[use_id] = (use, voucher.member_id)
        uses.append(use)
        outcomes.append(_done(use, voucher.member_id))
    await _write(session, now, brand, vouchers, uses)
    return outcomes


async def give_back(
    session: Session, now: datetime, brand: Brand, redemption_ids: Sequence[UUID]
) -> dict[UUID, str | None]:
    """Give the vouchers of redemptions back unused, all of one redemption or none.

    Returns by redemption why not, VOUCHER_USED or VOUCHER_EXPIRED, or None: all of its vouchers
    are given back now, or were before, or it has none. Their codes are never given again.
    """
    of: dict[UUID, list[Voucher]] = {redemption_id: [] for redemption_id in redemption_ids}
    for voucher in await store.lock_redemptions(session, now, brand.id, list(of)):
        of[voucher.redemption_id].append(voucher)
    why = {redemption_id: return_refusal(vouchers) for redemption_id, vouchers in of.items()}
    back = [
        replace(voucher, returned_at=now, state="returned")
        for redemption_id, vouchers in of.items()
        for voucher in vouchers
        if why[redemption_id] is None and voucher.returned_at is None
    ]
    if back:
        await store.update(session, back)
    return why


async def _write(
    session: Session,
    now: datetime,
    brand: Brand,
    vouchers: Mapping[str, Voucher],
    uses: Sequence[Use],
) -> None:
    if not uses:
        return
    of = {voucher.id: voucher for voucher in vouchers.values()}
    await store.insert_uses(session, now, brand.id, uses)
    await store.update(session, [of[each] for each in {use.voucher_id for use in uses}])
    await record(session, now, [_fact(brand, use, of[use.voucher_id]) for use in uses])


def _fact(brand: Brand, use: Use, voucher: Voucher) -> Fact:
    what = {
        "voucher": str(voucher.id),
        "reward": voucher.reward,
        "amount": use.amount,
        "store": use.store,
    }
    return Fact(brand.id, "VoucherUsed", str(voucher.member_id), what)


def _request(item: Burn) -> bytes:
    # Who asks again may be another, and may type the code in another way.
    names = meant(item.code) or (item.code,)
    parts = (names[-1], item.store, str(item.amount))
    return content_hash(*(part.encode(errors="surrogatepass") for part in parts))


def _done(use: Use, member_id: UUID, *, replayed: bool = False) -> BurnOutcome:
    return BurnOutcome(use.id, use.voucher_id, member_id, use.amount, use.rest, replayed=replayed)


def _repeated(request: bytes, use: Use, member_id: UUID) -> BurnOutcome:
    if use.request == request:
        return _done(use, member_id, replayed=True)
    return _refused(_CONFLICT, None)


def _refused(why: Why, voucher: Voucher | None) -> BurnOutcome:
    return BurnOutcome(
        None,
        None if voucher is None else voucher.id,
        None if voucher is None else voucher.member_id,
        left=None if voucher is None else voucher.left,
        code=why.code,
        message=why.message,
        path=why.path,
    )
