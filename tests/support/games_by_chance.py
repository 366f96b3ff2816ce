"""A shop in which anything happens, told to a worker that dies anywhere, and a note of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_refund_request import Refund
from domain.expiry.service_member import amend
from domain.members.rules import MemberChange
from domain.members.service import NewMember
from gamification.challenges.service_join import Joining, join, leave
from gamification.leaderboards.rules_windows import ROLLING_KEPT_DAYS
from gamification.leaderboards.service_people import PersonChange, change
from gamification.streaks.service import Grant, Repair, grant_freezes, repair, take_freezes
from tests.support import games_found as there
from tests.support import games_model as model
from tests.support.automatic import forget_cursor
from tests.support.games_killed import FATES, JOBS, Fate, Worker
from tests.support.merging import erased, erasing, merged, merging
from tests.support.rewards import run
from tests.support.shop import Shop

START = datetime(2026, 2, 27, 12, tzinfo=UTC)
NAMES = ("ann", "bob", "cat", "dan")
CLUBS = ("red", "blue", None)
CITIES = ("Hanoi", "Hue", None)
CATEGORIES = ("a", "b", "c", "d", "")


@dataclass
class Chance:
    """What happens to a shop, and the note of it."""

    shop: Shop
    worker: Worker
    world: model.World
    count: int = 0
    grants: list[str] = field(default_factory=list)
    kept: set[tuple[str, str]] = field(default_factory=set)
    """Whoever ever deserved the prize that stays, by name and week."""
    closed: dict[int, list[model.Place]] = field(default_factory=dict)
    """What windows said when they closed."""

    async def do(self, what: str, seed: int) -> None:
        """Let one thing happen."""
        chance = Random(f"{what} {seed}")
        self.shop.clock.move(timedelta(seconds=1, hours=chance.choice((0, 0, 1, 5, 17))))
        await getattr(self, what)(chance)
        if what in ("buy", "merge"):
            self.note()

    def note(self) -> None:
        """Note who deserves what stays."""
        now = self.shop.clock.now()
        for name in self.world.people:
            found = model.Challenges(self.world, name, now).found
            self.kept |= {(name, key[1]) for key in found if key[0] == "keeper"}

    def _name(self, chance: Random) -> str:
        living = self.world.living()
        return chance.choice((*living, *living[:1] * 2))

    def _at(self, chance: Random) -> datetime:
        self.count += 1
        days, minutes = chance.choice((0, 0, 0, 1, 1, 2, 4)), chance.choice((0, 15, 400))
        back = timedelta(days=days, minutes=minutes)
        at = self.shop.clock.now() - back
        return max(at, START - timedelta(1)) + timedelta(microseconds=self.count)

    async def buy(self, chance: Random) -> None:
        """Some purchases at once, told late or not."""
        items = []
        for _ in range(chance.randint(1, 4)):
            name, at, store = self._name(chance), self._at(chance), chance.choice(("", "1"))
            cents = chance.choices((0, 300, 1_000, 1_000, 4_000, 9_000), k=chance.choice((1, 1, 3)))
            lines = [model.Line(chance.choice(CATEGORIES), each, each) for each in cents]
            now = self.shop.clock.now()
            done = model.Done(f"p{self.count}", name, at, lines, store, recorded_at=now)
            self.world.done.append(done)
            said = tuple(Line(each.cents, category=each.category) for each in lines)
            items.append(Purchase(done.name, name, at, "USD", said, store=store))
        outcomes = await self.shop.buy(*items)
        assert {each.status for each in outcomes} == {"recorded"}

    async def review(self, chance: Random) -> None:
        """An activity."""
        name, at, stars = self._name(chance), self._at(chance), chance.randint(-1, 5)
        now = self.shop.clock.now()
        self.world.done.append(model.Done(f"a{self.count}", name, at, stars=stars, recorded_at=now))
        said = Activity(f"a{self.count}", name, "review", at, attributes={"stars": stars})
        await self.shop.act(said)

    async def refund(self, chance: Random) -> None:
        """Money of one line, some of it or all, or of all lines."""
        bought = [each for each in self.world.done if each.cents]
        if not bought:
            return
        self.count += 1
        done = chance.choice(bought)
        left = [n for n, line in enumerate(done.lines) if line.left]
        back = {n: done.lines[n].left for n in left}
        if chance.random() < 0.6:
            n = chance.choice(left)
            back = {n: max(100, chance.choice((1, 2)) * back[n] // 2 // 100 * 100)}
        for n, cents in back.items():
            done.lines[n].left -= cents
        item = Refund(f"r{self.count}", done.name, self.shop.clock.now(), None, tuple(back.items()))
        (outcome,) = await self.shop.refund(item)
        assert outcome.status == "recorded", outcome

    async def change(self, chance: Random) -> None:
        """Another city, club or job."""
        name = self._name(chance)
        said = {"city": chance.choice(CITIES), "club": chance.choice(CLUBS)}
        said["staff"] = chance.choice((True, None))  # type: ignore[assignment]
        self.world.people[name].about = {k: v for k, v in said.items() if v is not None}
        await run(self.shop, amend, [MemberChange(name, attributes=said)])

    async def hide(self, chance: Random) -> None:
        """Off a board, or on it again."""
        name, code = self._name(chance), chance.choice((None, "spend", "clubs"))
        self.count += 1
        away = self.world.people[name].away
        kind = "show" if (code or "") in away else "hide"
        key = str(self.count)
        item = PersonChange(key, name, kind, "member", board=code)  # type: ignore[arg-type]
        (outcome,) = await run(self.shop, change, [item])
        if outcome.code is None and kind == "show" and code is None:
            away.clear()
        elif outcome.code is None:
            away ^= {code or ""}

    async def choose(self, chance: Random) -> None:
        """Into a challenge, or out of it."""
        name, now = self._name(chance), self.shop.clock.now()
        spans = self.world.people[name].spans
        self.count += 1
        inside = [span for span in spans if span[1] is None]
        (outcome,) = await run(
            self.shop, leave if inside else join, [Joining(str(self.count), name, "chosen")]
        )
        assert outcome.code is None, outcome
        for span in inside:
            span[1] = now
        if not inside:
            spans.append([now, None])

    async def freeze(self, chance: Random) -> None:
        """A freeze, given or taken."""
        now = self.shop.clock.now()
        if self.grants and chance.random() < 0.3:
            key = chance.choice(self.grants)
            (done,) = await run(self.shop, take_freezes, [key])
            for person in self.world.people.values():
                person.gains = [
                    (id_, at, units, gone or (now if id_ == done.grant_id else None))
                    for id_, at, units, gone in person.gains
                ]
            return
        name = self._name(chance)
        self.count += 1
        self.grants.append(f"g{self.count}")
        item = Grant(self.grants[-1], self.world.people[name].id, "daily", 1, "hand", "ann")
        (done,) = await run(self.shop, grant_freezes, [item])
        assert done.code is None, done
        self.world.people[name].gains.append((done.grant_id, now, 1, None))

    async def mend(self, chance: Random) -> None:
        """A repair, if there is anything to repair."""
        name = self._name(chance)
        self.count += 1
        (done,) = await run(self.shop, repair, [Repair(f"f{self.count}", name, "daily")])
        if done.code is None:
            self.world.people[name].repairs.append(self.shop.clock.now())

    async def merge(self, chance: Random) -> None:
        """Two who are one."""
        if len(self.world.living()) > 2:
            keep, absorb = chance.sample(self.world.living(), 2)
            (outcome,) = await merged(self.shop, merging(keep, absorb))
            assert outcome.code is None, outcome
            self.world.merge(keep, absorb)

    async def erase(self, chance: Random) -> None:
        """Somebody is forgotten; only what is written down already says of which team."""
        if len(self.world.living()) > 2:
            name = self._name(chance)
            async with self.shop.database.read() as session:
                rows = await session.fetch(
                    "SELECT DISTINCT team FROM challenge_share s JOIN member m ON m.id = member_id"
                    " WHERE challenge = 'club' AND done > 0 AND $1 IN (m.id, m.merged_into)",
                    self.world.people[name].id,
                )
            if len(rows) > 1:
                return
            (outcome,) = await erased(self.shop, erasing(name))
            assert outcome.code is None, outcome
            self.world.people[name].gone = ""
            self.world.people[name].about = {"club": rows[0]["team"]} if rows else {}

    async def wait(self, chance: Random) -> None:
        """Time goes by."""
        self.shop.clock.move(timedelta(hours=chance.choice((3, 11, 23, 25, 50))))

    async def work(self, chance: Random) -> None:
        """The worker does all there is to do, but for showing it."""
        await self.worker.all(chance.choice((10, 100, 500)))
        await self.close(fresh=True)

    async def die(self, chance: Random) -> None:
        """A worker does a little, or two at once, and each may be killed anywhere."""
        await asyncio.gather(
            *(
                self.worker.part(
                    chance.choice(tuple(JOBS)),
                    chance.choice((1, 3, 500)),
                    Fate(chance.randrange(chance.choice((4, 40))), chance.choice(FATES)),
                )
                for _ in range(chance.choice((1, 1, 2)))
            )
        )
        await self.closing(fresh=False)

    async def show(self, chance: Random) -> None:
        """Boards are shown, or begun to be."""
        await self.worker.show(chance.choice((None, 0, 1, 2, 4)))

    async def again(self, _: Random) -> None:
        """Every fact is told again."""
        await forget_cursor(self.shop)

    async def close(self, *, fresh: bool) -> None:
        """Let windows end."""
        while await self.worker.whole("close", 500):
            await self.closing(fresh=fresh)
            await self.worker.all(500)

    async def closing(self, *, fresh: bool) -> None:
        """Note what windows say that end; ``fresh``: nothing happened that they don't know."""
        ended = [
            window
            for window in await self.windows()
            if window.state in ("closing", "frozen") and window.id not in self.closed
        ]
        self.closed |= await self.rows([window.id for window in ended])
        wanted = await self.expected(ended) if fresh else self.closed
        for window in ended:
            assert self.closed[window.id] == wanted[window.id], window

    async def windows(self) -> list[model.Window]:
        """Return all windows there are."""
        return await there.windows(self.shop)

    def is_forgotten(self, window: model.Window) -> bool:
        """Return whether a rolling window is over for so long that it follows nothing."""
        today = self.shop.brand.day(self.shop.clock.now())
        oldest = today - timedelta(days=ROLLING_KEPT_DAYS)
        return window.period == "rolling" and (window.ends_on or today) <= oldest

    async def names(self) -> dict[UUID, str]:
        """Return members and teams by their ids."""
        teams = await there.teams(self.shop)
        members = {person.id: name for name, person in self.world.people.items()}
        return members | {id_: name for name, id_ in teams.items()}

    def won(self) -> dict[str, model.Completed]:
        """Return what each member completed."""
        now, bars = self.shop.clock.now(), model.shared(self.world)
        return {
            name: model.Challenges(self.world, name, now).found | bars.get(name, {})
            for name in self.world.people
        }

    async def expected(self, windows: Sequence[model.Window]) -> dict[int, list[model.Place]]:
        """Return what windows must say by now."""
        won, teams = self.won(), await there.teams(self.shop)
        return {each.id: model.board(self.world, won, each, teams) for each in windows}

    async def rows(self, ids: list[int]) -> dict[int, list[model.Place]]:
        """Return what windows say."""
        return await there.places(self.shop, ids, await self.names())

    async def places_won(self) -> dict[str, int]:
        """Return what the places of windows win that closed, by the name of who is left."""
        found: dict[str, int] = {}
        for window in await self.windows():
            points, most = model.PLACES.get(window.period, (0, 0))
            if window.board != "spend" or window.scope or window.id not in self.closed:
                continue
            first = [name for name, *_ in self.closed[window.id][:most]]
            if not model.known_in_time(self.world, window, map(self.left, first)):
                continue
            for name in first:
                kept = self.left(name)
                found[kept] = found.get(kept, 0) + points
        return found

    def left(self, name: str) -> str:
        """Return who somebody is by now."""
        while into := self.world.people[name].gone:
            name = into
        return name


async def people(shop: Shop) -> model.World:
    """Let members join, some days apart."""
    joined = [START - timedelta(days=number) for number in (1, 3, 5, 7)]
    new = [
        NewMember(name, at, attributes={"city": "Hanoi"})
        for name, at in zip(NAMES, joined, strict=True)
    ]
    await shop.enrol(*new)
    ids = await shop.member_ids(*NAMES)
    return model.World(
        {
            each.external_id: model.Person(id_, shop.brand.day(each.joined_at), {"city": "Hanoi"})
            for each, id_ in zip(new, ids, strict=True)
        }
    )
