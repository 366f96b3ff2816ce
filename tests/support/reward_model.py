"""What a café's rewards do, as plain numbers: the model that redemptions are compared with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kit.calendar import day_end, day_start, period_start
from tests.support.rewards import programme, reward

ZONE = ZoneInfo("America/New_York")
DAY = timedelta(days=1)

CAFE = programme(
    "[households]\nmembers = 3",
    '[rewards]\napproval_over = "25"',
    reward("tea", "10", stock="6", return_days="1", valid="{ days = 0 }"),
    reward("card", "7", codes='"cards"', return_days="3", kind='"gift_card"', value='"5"'),
    reward("trip", "15", stock="3", fulfil='"by_staff"', fulfil_days="2", return_days="0"),
    reward("book", "5", codes='"books"', fulfil='"by_staff"', fulfil_days="1"),
    reward("beans", "4", kind='"points"', gives='"6"'),
    reward("trees", "8", kind='"donation"'),
    reward("cup", "0"),
    '[[rewards.limit]]\nname = "three cups a day"\ntimes = 3\nperiod = "day"\nrewards = ["cup"]',
    '[[rewards.limit]]\nname = "a week"\npoints = "60"\nperiod = "week"\n'
    'rewards = ["tea", "trip", "card"]',
).replace("expires = { months = 12 }", 'expires = "never"\nnegative_balance = "collect"')


@dataclass(frozen=True)
class Kind:
    """What the model knows of a reward; ``days`` of returning it, None for never."""

    price: int
    stock: int | None = None
    pool: str | None = None
    staff_days: int | None = None
    days: int | None = None
    voucher: bool = True
    gives: int = 0
    weekly: bool = False


KINDS = {
    "tea": Kind(10, stock=6, days=1, weekly=True),
    "card": Kind(7, pool="cards", days=3, weekly=True),
    "trip": Kind(15, stock=3, staff_days=2, days=0, weekly=True),
    "book": Kind(5, pool="books", staff_days=1),
    "beans": Kind(4, voucher=False, gives=6),
    "trees": Kind(8, voucher=False),
    "cup": Kind(0),
}


@dataclass
class Asked:
    """A redemption. ``parts`` are what members pay of it, ``used`` whether a voucher was used."""

    member: str
    by: str
    code: str
    quantity: int
    state: str
    deadline: datetime
    asked_at: datetime
    parts: dict[str, int] = field(default_factory=dict)
    done_at: datetime | None = None
    used: bool = False

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    def now_in(self, now: datetime) -> str:
        open_ = self.state in ("waiting", "held")
        return "lapsed" if open_ and now >= self.deadline else self.state

    def living(self, now: datetime) -> bool:
        return self.now_in(now) in ("waiting", "held", "fulfilled")


@dataclass
class RewardModel:
    """All that the café knows. ``owned`` is what members earned less what they spent."""

    owned: dict[str, int]
    home: tuple[str, ...]
    asked: dict[UUID, Asked] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=lambda: {"cards": 0, "books": 0})
    given: int = 0

    def held(self, member: str, now: datetime) -> int:
        """Return what open redemptions reserve of a member's points."""
        return sum(
            each.parts.get(member, 0)
            for each in self.asked.values()
            if each.now_in(now) in ("waiting", "held")
        )

    def spendable(self, member: str, now: datetime) -> int:
        return max(0, self.owned[member] - self.held(member, now))

    def left(self, code: str, now: datetime) -> int | None:
        stock = KINDS[code].stock
        if stock is None:
            return None
        taken = sum(e.quantity for e in self.asked.values() if e.code == code and e.living(now))
        return stock + self.added.get(code, 0) - taken

    def redeem(
        self, member: str, code: str, quantity: int, *, together: bool, now: datetime
    ) -> str | None:
        """Return why not; the caller then counts on by `grant`."""
        kind, left = KINDS[code], self.left(code, now)
        if together and member not in self.home:
            return "NOT_IN_HOUSEHOLD"
        at_once = kind.staff_days is None and kind.price * quantity <= 25
        if left is not None and quantity > left:
            return "OUT_OF_STOCK"
        if not self._within_limits(member, code, quantity, now):
            return "LIMIT_REACHED"
        payers = self.home if together else (member,)
        has = sum(self.spendable(each, now) for each in payers)
        if kind.price * quantity > has:
            return "INSUFFICIENT_POINTS"
        short = at_once and kind.pool is not None and quantity > self.codes[kind.pool]
        return "OUT_OF_STOCK" if short else None

    def _within_limits(self, member: str, code: str, quantity: int, now: datetime) -> bool:
        today = now.astimezone(ZONE).date()
        mine = [e for e in self.asked.values() if e.member == member and e.living(now)]
        if code == "cup":
            since = day_start(ZONE, today)
            had = sum(e.quantity for e in mine if e.code == "cup" and e.asked_at >= since)
            return had + quantity <= 3
        since = day_start(ZONE, period_start("week", today))
        spent = sum(
            e.kind.price * e.quantity for e in mine if e.kind.weekly and e.asked_at >= since
        )
        return not KINDS[code].weekly or spent + KINDS[code].price * quantity <= 60

    def grant(self, id_: UUID, asked: Asked, now: datetime) -> None:
        """Count a redemption that was granted, whatever state it is in."""
        self.asked[id_] = asked
        if asked.state == "fulfilled":
            self.fulfil(asked, now)

    def fulfil(self, asked: Asked, now: datetime) -> None:
        asked.state, asked.done_at = "fulfilled", now
        for member, points in asked.parts.items():
            self.owned[member] -= points
        self.owned[asked.member] += asked.kind.gives * asked.quantity
        if asked.kind.pool:
            self.codes[asked.kind.pool] -= asked.quantity
        if asked.code == "trees":
            self.given += sum(asked.parts.values())

    def lacks_codes(self, asked: Asked) -> bool:
        pool = asked.kind.pool
        return pool is not None and self.codes[pool] < asked.quantity

    def approve(self, asked: Asked, actor: str, now: datetime) -> str | None:
        state = asked.now_in(now)
        if state != "waiting":
            return "DEADLINE_PASSED" if state == "lapsed" else "NOT_WAITING"
        if actor == asked.by:
            return "SAME_PERSON"
        if asked.kind.staff_days is not None:
            asked.state = "held"
            return None
        if self.lacks_codes(asked):
            return "OUT_OF_STOCK"
        self.fulfil(asked, now)
        return None

    def fulfil_by_staff(self, asked: Asked, now: datetime) -> str | None:
        state = asked.now_in(now)
        if state != "held":
            return "DEADLINE_PASSED" if state == "lapsed" else "NOT_HELD"
        if self.lacks_codes(asked):
            return "OUT_OF_STOCK"
        self.fulfil(asked, now)
        return None

    def cancel(self, asked: Asked, now: datetime) -> str | None:
        state = asked.now_in(now)
        if state not in ("waiting", "held"):
            return "DEADLINE_PASSED" if state == "lapsed" else "NOT_HELD"
        asked.state = "cancelled"
        return None

    def take_return(self, asked: Asked, now: datetime) -> str | None:
        if asked.state != "fulfilled":
            return "NOT_FULFILLED"
        assert asked.done_at is not None
        done = asked.done_at.astimezone(ZONE).date()
        if asked.kind.days is None:
            return "NOT_RETURNABLE"
        if now >= day_end(ZONE, done + asked.kind.days * DAY):
            return "RETURN_TOO_LATE"
        if asked.used:
            return "VOUCHER_USED"
        if asked.code == "tea" and now >= day_end(ZONE, done):
            return "VOUCHER_EXPIRED"
        asked.state = "returned"
        for member, points in asked.parts.items():
            self.owned[member] += points
        return None
