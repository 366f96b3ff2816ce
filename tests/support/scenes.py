"""A shop in which golden scenarios read like what was published: days, money, members by name."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from api.sections import SECTIONS
from domain.earning.rules import Activity, Line, Purchase, Scalar
from domain.earning.rules_refund_request import Refund
from domain.earning.service_release import Earning, release_points
from domain.ledger.rules import Kind, Resolution
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.tiers import queries as tiers
from domain.tiers.rules import Standing
from domain.wallets import queries as wallets
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.shop import ROOT, Shop, opened_shop

Points: TypeAlias = Decimal | int
"""In the unit of the programme, as people write them."""


def shipped(name: str) -> str:
    """Return the text of a shipped programme."""
    return Path(ROOT, "programmes", f"{name}.toml").read_text()


@dataclass
class Scene:
    """One brand's shop, told in its own days and units.

    Days are written "2026-01-15" for noon of the brand's clock, or with a time. The clock stands
    where it was last set; what is told of a later day moves it there. Money and points are
    decimals as people write them.
    """

    shop: Shop
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def brand_id(self) -> int:
        """The brand's id."""
        return self.shop.brand.id

    def instant(self, when: str | None) -> datetime:
        """Return the instant of ``when``, moving the clock forward to it; None is now."""
        if when is None:
            return self.shop.clock.now()
        told = when if " " in when else f"{when} 12:00"
        at = datetime.fromisoformat(told).replace(tzinfo=self.shop.brand.zone).astimezone(UTC)
        if at > self.shop.clock.now():
            self.shop.clock.set(at)
        return at

    async def join(
        self,
        member: str,
        when: str,
        *,
        birthday: str | None = None,
        region: str | None = None,
        **attributes: Scalar,
    ) -> None:
        """Enrol a member."""
        day = date.fromisoformat(birthday) if birthday else None
        joined = self.instant(when)
        await self.shop.enrol(
            NewMember(member, joined, birthday=day, region=region, attributes=attributes)
        )

    async def buy(
        self,
        member: str,
        money: str | dict[str, str],
        when: str | None = None,
        *,
        name: str | None = None,
        channel: str = "",
    ) -> Points:
        """Record a purchase; return what it earned. Several lines are money by category."""
        lines = money if isinstance(money, dict) else {"": money}
        (outcome,) = await self.shop.buy(
            Purchase(
                name or f"purchase-{next(self._numbers)}",
                member,
                self.instant(when),
                self.shop.brand.currency,
                tuple(Line(amount=self.minor(m), category=c) for c, m in lines.items()),
                channel=channel,
            )
        )
        assert outcome.status == "recorded", outcome
        return await self._units(outcome.points)

    async def visits(self, member: str, days: list[str], money: str) -> Points:
        """Record a purchase of so much money on each day, in one batch; return what all earned."""
        outcomes = await self.shop.buy(
            *(
                Purchase(
                    f"purchase-{next(self._numbers)}",
                    member,
                    self.instant(day),
                    self.shop.brand.currency,
                    (Line(amount=self.minor(money)),),
                )
                for day in days
            )
        )
        assert {outcome.status for outcome in outcomes} == {"recorded"}, outcomes
        return await self._units(sum(outcome.points for outcome in outcomes))

    async def act(
        self,
        member: str,
        kind: str,
        when: str | None = None,
        *,
        money: str = "0",
        name: str | None = None,
        **attributes: Scalar,
    ) -> Points:
        """Record an activity; return what it earned, 0 if its name was there before."""
        (outcome,) = await self.shop.act(
            Activity(
                name or f"activity-{next(self._numbers)}",
                member,
                kind,
                self.instant(when),
                self.minor(money),
                attributes=attributes,
            )
        )
        if outcome.code == "ACTIVITY_CONFLICT":
            return 0
        assert outcome.status == "recorded", outcome
        return await self._units(outcome.points)

    async def give_back(
        self,
        purchase: str,
        money: str | None = None,
        when: str | None = None,
        *,
        line: int | None = None,
    ) -> Points:
        """Refund a purchase, wholly or in part; return the points that this took back."""
        amount = None if money is None else self.minor(money)
        (outcome,) = await self.shop.refund(
            Refund(
                f"refund-{next(self._numbers)}",
                purchase,
                self.instant(when),
                amount,
                () if line is None or amount is None else ((line, amount),),
            )
        )
        assert outcome.status == "recorded", outcome
        return await self._units(outcome.points_reversed)

    async def release(self, purchase: str, when: str | None = None) -> None:
        """Let go of what a purchase earned and what waits for the brand."""
        self.instant(when)
        item = Earning("purchase", purchase)
        (done,) = await self.shop.database.write(
            lambda session: release_points(session, self.shop.clock.now(), self.shop.brand, [item])
        )
        assert done.status == "recorded", done

    async def spend(self, member: str, points: str, when: str | None = None) -> None:
        """Redeem points at once."""
        at = self.instant(when)
        scale = await self._scale()
        (member_id,) = await self.shop.member_ids(member)
        amount = int(Decimal(points).scaleb(scale))
        ends = at + timedelta(hours=1)
        (held,) = await self.shop.hold(Hold(new_id(), member_id, amount, ends, "reward"))
        assert held.hold_id is not None, held
        (done,) = await self.shop.settle(
            Resolution(new_id(), held.hold_id, Kind.POST, "redemption", amount)
        )
        assert done.refusal is None, done

    async def has(self, member: str, when: str | None = None) -> Points:
        """Return what a member can spend."""
        self._look(when)
        return await self._units((await self.shop.balance(member)).spendable)

    async def waits(self, member: str, when: str | None = None) -> Points:
        """Return what a member has that can't be spent yet."""
        self._look(when)
        return await self._units((await self.shop.balance(member)).pending)

    async def ends(self, member: str) -> list[tuple[Points, str]]:
        """Return what will end and when, on the brand's clock, if nothing more happens."""
        found = (await self.shop.balance(member)).upcoming
        local = self.shop.brand.local
        return [
            (await self._units(each.points), f"{local(each.at):%Y-%m-%d %H:%M}") for each in found
        ]

    async def standing(
        self, member: str, when: str | None = None, ladder: str = "status"
    ) -> Standing:
        """Return where a member stands on a ladder."""
        self._look(when)
        (member_id,) = await self.shop.member_ids(member)

        async with self.shop.database.read() as session:
            timeline = await programmes.timeline(session, self.brand_id, SECTIONS)
            found = await tiers.standings(
                session, self.shop.clock.now(), self.shop.brand, timeline, [member_id]
            )
        return found[member_id][ladder]

    async def tier(self, member: str, when: str | None = None, ladder: str = "status") -> str:
        """Return a member's tier on a ladder."""
        return (await self.standing(member, when, ladder)).tier

    async def held_until(self, member: str) -> str | None:
        """Return until when the tier is sure, on the brand's clock."""
        until = (await self.standing(member)).valid_until
        return None if until is None else f"{self.shop.brand.local(until):%Y-%m-%d %H:%M}"

    async def change(self, text: str, when: str) -> None:
        """Put a new version of the programme in force from midnight of a day."""
        from_ = f"{when} 00:00" if " " not in when else when
        at = datetime.fromisoformat(from_).replace(tzinfo=self.shop.brand.zone)
        await self.shop.apply(text, at)

    def minor(self, money: str) -> int:
        """Return money in the smallest unit of the brand's currency."""
        return int(Decimal(money).scaleb(self.shop.brand.currency_exponent))

    def _look(self, when: str | None) -> None:
        assert self.instant(when) == self.shop.clock.now(), "nobody looks back"

    async def _scale(self) -> int:
        async with self.shop.database.read() as session:
            books = await wallets.books(session, self.brand_id)
        assert books is not None
        return books.scale

    async def _units(self, points: int) -> Points:
        return Decimal(points).scaleb(-await self._scale())


Opener = Callable[[str, str], Coroutine[Any, Any, Scene]]
"""Opens a shop on a programme, a shipped file's name or a text, on a day."""


async def opened_scene(
    database: Database, clock: MovableClock, programme: str, opens: str
) -> Scene:
    """Open a shop on a programme that is in force since the day before; it is noon UTC."""
    clock.set(datetime.fromisoformat(f"{opens}T12:00:00+00:00"))
    since = clock.now() - timedelta(days=1)
    return Scene(await opened_shop(database, clock, programme, effective_from=since))
