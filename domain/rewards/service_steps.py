"""What the verbs on redemptions have in common: what they lock, decide and store."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.rewards import store
from domain.rewards.rules_catalogue import Offer, Why, offers_of
from domain.rewards.rules_steps import Part, Redemption, as_of, request_of
from domain.rewards.service_ground import fact
from domain.rewards.store import Step
from domain.wallets.queries import books
from domain.wallets.store import lock_members
from kit.db import Session
from kit.facts import record
from kit.ids import derived_id
from kit.texts import usable

NOT_FOUND = Why("REDEMPTION_NOT_FOUND", "There is no such redemption.")
_CONFLICT = Why("KEY_CONFLICT", "This key was used before for something else; give a new one.")
_FACTS = {
    "fulfilled": "RedemptionFulfilled",
    "cancelled": "RedemptionCancelled",
    "returned": "RedemptionReturned",
}


class Item(Protocol):
    """What somebody wants to do with a redemption."""

    @property
    def key(self) -> str:
        """What it is known by."""

    @property
    def redemption_id(self) -> UUID:
        """The redemption it is about."""

    @property
    def actor(self) -> str:
        """Who wants it."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of a redemption. ``code`` None: it is in ``state``, by this or before by its key.

    A refusal tells no state. ``keeps``: it was taken back, but for points that are spent.
    """

    redemption_id: UUID
    member_id: UUID | None = None
    state: str | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False
    keeps: bool = False


@dataclass(slots=True)
class Steps:
    """Locked redemptions as they are now; each step that is taken changes them for the next one."""

    redemptions: dict[UUID, Redemption]
    parts: dict[UUID, list[Part]]
    known: dict[UUID, Step]
    taken: list[Step] = field(default_factory=list)

    def take(
        self,
        brand: Brand,
        verb: str,
        item: Item,
        asked: Sequence[object],
        decide: Callable[[Redemption], Redemption | Why],
    ) -> Resolved:
        """Do what ``decide`` says of an item's redemption, or tell what was done by its key.

        ``asked`` is what, besides the redemption, makes two requests the same.
        """
        id_ = _step_id(brand, item)
        request = request_of(verb, item.redemption_id, *asked)
        before = self.known.get(id_)
        found = self.redemptions.get(item.redemption_id)
        if before is not None:
            if before.request != request or found is None:
                return refused(item, _CONFLICT)
            return Resolved(found.id, found.member_id, before.state, replayed=True)
        if found is None:
            return refused(item, NOT_FOUND)
        verdict = decide(found)
        if isinstance(verdict, Why):
            return refused(item, verdict)
        self.redemptions[found.id] = verdict
        self.known[id_] = Step(id_, found.id, verdict.state, item.actor, request)
        self.taken.append(self.known[id_])
        return Resolved(found.id, found.member_id, verdict.state)

    def now_in(self, state: str) -> list[Redemption]:
        """Return the redemptions that steps brought into a state, each once."""
        ids = dict.fromkeys(step.redemption_id for step in self.taken)
        return [self.redemptions[id_] for id_ in ids if self.redemptions[id_].state == state]

    def parts_of(self, redemptions: Collection[Redemption]) -> list[tuple[Redemption, Part]]:
        """Return what members pay of these redemptions."""
        return [(each, part) for each in redemptions for part in self.parts[each.id]]


async def locked(
    session: Session, now: datetime, brand: Brand, items: Sequence[Item], *, stock: bool
) -> Steps:
    """Lock the redemptions of a batch with the wallets of all they concern.

    ``stock``: their rewards' stock as well, since some of it may come back.
    """
    ids = {item.redemption_id for item in items}
    steps = {_step_id(brand, item) for item in items}
    people, rewards = await store.concerned(session, brand.id, ids)
    accounts = await books(session, brand.id)
    if accounts is not None:
        await lock_members(session, brand.id, accounts.asset_id, people)
    if stock:
        await store.lock_stock(session, brand.id, rewards)
    rows = await store.load(session, brand.id, ids, lock=True)
    parts = await store.parts(session, ids)
    known = await store.steps(session, brand.id, steps)
    return Steps({id_: as_of(each, now, parts[id_]) for id_, each in rows.items()}, parts, known)


async def store_steps(session: Session, now: datetime, brand: Brand, steps: Steps) -> None:
    """Write the steps that were taken, what they made of redemptions, and tell of it."""
    if not steps.taken:
        return
    ids = dict.fromkeys(step.redemption_id for step in steps.taken)
    changed = [steps.redemptions[id_] for id_ in ids]
    await store.update(session, changed)
    await store.insert_steps(session, now, steps.taken)
    told = [fact(brand, _FACTS[each.state], each) for each in changed if each.state in _FACTS]
    await record(session, now, told)


def offer_of(timeline: Timeline, brand: Brand, redemption: Redemption) -> Offer:
    """Return the reward as the version says that judged the redemption."""
    programme = next(p for p in timeline.programmes if p.version_id == redemption.version_id)
    return offers_of(programme, brand)[redemption.reward]


def _step_id(brand: Brand, item: Item) -> UUID:
    return derived_id("redemption step", str(brand.id), item.key)


def refused(item: Item, why: Why) -> Resolved:
    """Return that an item is refused."""
    return Resolved(item.redemption_id, code=why.code, message=why.message)


def text_fault(name: str, text: str | None) -> Why | None:
    """Return why a text can't be stored, None if it can."""
    if not text or usable(text):
        return None
    return Why("INVALID_INPUT", f"The {name} must be 1 to 200 printable characters.")
