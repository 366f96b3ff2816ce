"""What is done once redemptions are granted: points are reserved, spent, and rewards given."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules import Part as Given
from domain.earning.rules_decide import rules_of
from domain.earning.rules_given import given
from domain.earning.section_parts import BASE
from domain.expiry import service as expiry
from domain.expiry.service_spend import settle
from domain.ledger import service as ledger
from domain.ledger.rules import Kind, Mode, NewAccount, Resolution
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.rewards.rules_catalogue import CAUSE, Offer, cause_id
from domain.rewards.rules_steps import Part, Redemption
from domain.rewards.service_claw_back import points_key
from domain.vouchers import service as vouchers
from domain.vouchers.service import NewVoucher
from domain.wallets import service as wallets
from domain.wallets.queries import Books
from domain.wallets.section import available_at
from domain.wallets.service import Accrual
from domain.wallets.service_hold import Hold, hold
from domain.wallets.store import lock_members
from kit.db import LostRaceError, Session
from kit.ids import derived_id

Done = tuple[Redemption, Offer]
"""A redemption, with its reward as the version says that judged it."""


async def reserve(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    wanted: Sequence[tuple[Done, UUID, int]],
) -> list[Part]:
    """Reserve the points that members pay of redemptions; the caller has seen that they have them.

    ``wanted`` says who pays how much of which redemption.
    """
    causes = await _causes(session, brand, books, [redemption for (redemption, _), _, _ in wanted])
    holds = [
        Hold(
            key=derived_id("redemption hold", str(redemption.id), str(member_id)),
            member_id=member_id,
            points=points,
            expires_at=redemption.deadline or offer.deadline(now),
            reference=str(redemption.id),
            credit=causes.get(redemption.reward),
        )
        for (redemption, offer), member_id, points in wanted
    ]
    parts = []
    for outcome, ((redemption, _), member_id, points) in zip(
        await hold(session, now, brand, books, holds) if holds else (), wanted, strict=True
    ):
        if outcome.hold_id is None or outcome.replayed:
            raise LostRaceError
        parts.append(Part(redemption.id, member_id, points, outcome.hold_id))
    return parts


async def _causes(
    session: Session, brand: Brand, books: Books, redemptions: Sequence[Redemption]
) -> dict[str, int]:
    codes = sorted({each.reward for each in redemptions if each.kind == "donation"})
    if not codes:
        return {}
    accounts = [
        NewAccount(books.asset_id, CAUSE, cause_id(brand.id, code), mode=Mode.DEFERRED)
        for code in codes
    ]
    return dict(zip(codes, await ledger.open_accounts(session, brand.id, accounts), strict=True))


async def give(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    books: Books,
    done: Sequence[Done],
    parts: Sequence[Part],
) -> dict[UUID, tuple[UUID, ...]]:
    """Spend the ``parts`` of redemptions that are done, and give what they are for.

    Returns the vouchers of each. The caller holds the wallets of all who pay or get anything, and
    has seen that pools have enough codes.
    """
    of = {redemption.id: redemption for redemption, _ in done}
    spent = [(of[part.redemption_id], part) for part in parts]
    await end_holds(session, now, brand, timeline, Kind.POST, spent)
    await _accrue(session, now, brand, timeline, books, done)
    return await _issue(session, now, brand, done)


async def end_holds(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    kind: Kind,
    parts: Sequence[tuple[Redemption, Part]],
) -> None:
    """Spend what redemptions reserve, or give it back."""
    items = [
        Resolution(
            key=derived_id("redemption end", str(part.hold_id)),
            hold_id=part.hold_id,
            kind=kind,
            code="redemption",
            meta={"reference": str(redemption.id), "rule": redemption.reward},
        )
        for redemption, part in parts
    ]
    outcomes = await settle(session, now, brand, timeline, items) if items else []
    if any(outcome.refusal is not None or outcome.replayed for outcome in outcomes):
        # Redemptions are locked and in time, so that somebody went past them.
        raise LostRaceError


async def _accrue(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    books: Books,
    done: Sequence[Done],
) -> None:
    gifts = [each for each in done if each[0].kind == "points"]
    if not gifts:
        return
    ids = [redemption.member_id for redemption, _ in gifts]
    people = await members.by_ids(session, brand.id, ids)
    accounts = await lock_members(session, brand.id, books.asset_id, ids)
    accruals = [
        _accrual(now, brand, timeline, each, accounts, people[each[0].member_id].region)
        for each in gifts
    ]
    follows = expiry.follows(timeline)
    await wallets.accrue(session, now, brand, books, accruals, pays_debts=not follows)
    await expiry.redate(session, now, brand, timeline, set(ids), since=brand.day(now))


def _accrual(
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    done: Done,
    accounts: Mapping[UUID, int],
    region: str | None,
) -> Accrual:
    """Return the points that a redemption gives: they wait and end as those of the base rate do.

    They never wait for the brand's release, which names purchases and activities only.
    """
    redemption, offer = done
    programme = next(p for p in timeline.programmes if p.version_id == redemption.version_id)
    rules = rules_of(programme, brand.currency_exponent)
    points = offer.gives * redemption.quantity
    dates = given(rules, BASE, Given(points, None), brand.zone, now, region)
    waits = available_at(rules.points.pending_days, brand.zone, now)
    return Accrual(
        key=points_key(redemption.id),
        account_id=accounts[redemption.member_id],
        points=points,
        earned_at=now,
        available_at=waits,
        expires_at=dates.expires_at,
        reference=str(redemption.id),
        rule=redemption.reward,
        version_id=redemption.version_id,
    )


async def _issue(
    session: Session, now: datetime, brand: Brand, done: Sequence[Done]
) -> dict[UUID, tuple[UUID, ...]]:
    new: dict[UUID, list[NewVoucher]] = {redemption.id: [] for redemption, _ in done}
    for redemption, offer in done:
        for number in range(redemption.quantity if offer.gives_voucher else 0):
            new[redemption.id].append(_voucher(now, redemption, offer, number))
    wanted = [each for mine in new.values() for each in mine]
    issued = await vouchers.issue(session, now, brand, wanted) if wanted else {}
    if len(issued) < len(wanted):
        raise LostRaceError
    return {id_: tuple(each.id for each in mine) for id_, mine in new.items()}


def _voucher(now: datetime, redemption: Redemption, offer: Offer, number: int) -> NewVoucher:
    return NewVoucher(
        id=derived_id("voucher", str(redemption.id), str(number)),
        member_id=redemption.member_id,
        redemption_id=redemption.id,
        reward=redemption.reward,
        kind=redemption.kind,
        version_id=redemption.version_id,
        value=offer.voucher_value,
        expires_at=offer.voucher_ends(now),
        pool=offer.reward.codes,
    )
