"""Flags of what looks unfair, and how staff decide on them."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids, paging
from api.graphql.fields import STAFF, attribute, resolver
from api.graphql.money import Money, money
from api.graphql.node import Node
from api.graphql.paging import Connection
from api.graphql.requests import KEY, checked_number, done_once, stored
from api.graphql.scalars import BigInt
from api.graphql.spending import Place, id_at, read, within, written
from api.graphql.vouchers import Pages
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from gamification.leaderboards import queries_fairness as queries
from gamification.leaderboards.queries_fairness import Flag as Record
from gamification.leaderboards.queries_fairness import FlagState as Known
from gamification.leaderboards.service_fairness import NOTE_LENGTH_MAX, FlagReview, review
from kit.db import Session
from kit.errors import LaurelError

if TYPE_CHECKING:
    from api.graphql.members import Member

KIND = "Flag"
STATES_MAX = 3
HAPPENINGS_USUAL = 10
NOTHING = UUID(int=0)


@strawberry.enum(description="What became of a flag.")
class FlagState(Enum):
    """The states of flags."""

    OPEN = strawberry.enum_value(
        "open", description="Staff have to look at it; the member's prizes wait."
    )
    CLEARED = strawberry.enum_value("cleared", description="Staff found nothing wrong.")
    CONFIRMED = strawberry.enum_value(
        "confirmed", description="Staff found it unfair; it counts on no board of its days."
    )


FlagStates = Annotated[
    list[FlagState] | None,
    strawberry.argument(
        description=f"Only those in these states, {STATES_MAX} at most; open ones without it."
    ),
]


@strawberry.type(description="A purchase or an activity that looks unfair.")
class FlaggedHappening:
    """Something that a flag is about."""

    external_id: str = attribute(STAFF, "Your id of the purchase or the activity.")
    kind: str = attribute(STAFF, "`purchase`, or the activity's kind.")
    occurred_at: datetime = attribute(STAFF, "When it happened.")
    store: str | None = attribute(STAFF, "In which store, if known.")
    amount: Money | None = attribute(
        STAFF, "What was spent; null for what has no amount.", weight=0
    )


@strawberry.type(description="That what a member did looks unfair; staff decide what comes of it.")
class Flag(Node):
    """A flag as shown."""

    record: strawberry.Private[Record]
    state: FlagState = attribute(STAFF, "What became of it.")
    rule: str = attribute(
        STAFF,
        "Which rule of the programme it broke: `rate:KIND:MOST/MINUTES`, `split` or `outlier`.",
    )
    begins_at: datetime = attribute(STAFF, "When the first happening was.")
    ends_at: datetime = attribute(STAFF, "When the last happening was.")
    count: BigInt = attribute(STAFF, "How many happenings it is about.")
    happenings: list[FlaggedHappening] = attribute(
        STAFF, "The happenings, of many the first 100.", size=HAPPENINGS_USUAL
    )
    raised_at: datetime = attribute(STAFF, "When it was raised.")
    reviewed_at: datetime | None = attribute(STAFF, "When staff decided; null if they did not.")
    reviewed_by: str | None = attribute(STAFF, "Which key of the brand decided, if one did.")
    review_note: str | None = attribute(STAFF, "What was noted then; null for nothing.")

    @resolver(STAFF, "Who did it.")
    async def member(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        from api.graphql import members  # noqa: PLC0415 - each leads to the other

        return await members.changed(info, self.record.member_id)


@strawberry.input(description="What staff say of a flag.")
class ReviewFlagInput:
    """The input of reviewFlag."""

    idempotency_key: str = strawberry.field(description=KEY)
    flag: strawberry.ID = strawberry.field(description="The flag's id in this API.")
    confirm: bool = strawberry.field(
        description="Whether it is unfair: the member leaves the windows of its days, and loses"
        " prizes of those that are over. Else the member's prizes are paid."
    )
    note: str | None = strawberry.field(
        default=None, description=f"What to remember, up to {NOTE_LENGTH_MAX:,} characters."
    )


def flag(brand: Brand, found: Record) -> Flag:
    """Return a flag as it is shown."""
    happenings: list[dict[str, Any]] = found.evidence["happenings"]
    return Flag(
        id=ids.encode(KIND, str(found.id)),
        record=found,
        state=FlagState(found.state),
        rule=found.rule,
        begins_at=found.from_at,
        ends_at=found.upto_at,
        count=BigInt(found.evidence["count"]),
        happenings=[_happening(brand, each) for each in happenings],
        raised_at=found.raised_at,
        reviewed_at=found.decided_at,
        reviewed_by=found.actor,
        review_note=found.note or None,
    )


async def by_key(info: Info, key: UUID | None) -> Flag | None:
    """Return a flag of the caller's brand, None if there is none."""
    found = await info.context.boards.flags.load(key) if key else None
    return flag(info.context.principal.brand, found) if found else None


async def by_id(info: Info, text: str) -> Flag | None:
    """Return the brand's flag with that key, None if it has none."""
    return await by_key(info, ids.uuid_of(text))


async def page(info: Info, pages: Pages, states: Sequence[FlagState] | None) -> Connection[Flag]:
    """Return a page of the brand's flags in these states, newest first."""
    checked_number(len(states or ()), "states", code="TOO_MANY_STATES", maximum=STATES_MAX)
    cursors = info.context.cursors("Query.flags")
    asked = paging.window(cursors, *pages, read)
    known: tuple[Known, ...] = ("open", "cleared", "confirmed")
    wanted = {str(each.value) for each in states or (FlagState.OPEN,)}
    brand = info.context.principal.brand
    async with info.context.reads.session() as session:
        found = await queries.of_brand(
            session,
            brand.id,
            states=[each for each in known if each in wanted],
            first=asked.size + 1,
            before=id_at(asked.before if asked.backwards else asked.after),
            oldest_first=asked.backwards,
        )
    shown = [flag(brand, each) for each in within(asked, found, _raised)]
    return paging.connection(cursors, asked, shown, lambda each: written(_raised(each.record)))


async def decide(info: Info, given: ReviewFlagInput) -> UUID:
    """Decide as one transaction; return which flag it was. Raises LaurelError if refused."""
    actor = info.context.principal.account

    async def work(
        session: Session, now: datetime, brand: Brand, given: ReviewFlagInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        flag_id = ids.uuid_in(given.flag, KIND) or NOTHING
        wanted = FlagReview(flag_id, given.confirm, actor, given.note or "")
        (done,) = await review(session, now, brand, timeline, [wanted])
        return stored(done)

    done = await done_once(info.context, "reviewFlag", given, work)
    if done["code"]:
        path = () if done["code"] == "INVALID_INPUT" else ("flag",)
        raise LaurelError(done["message"], code=done["code"], path=path)
    return UUID(done["flag_id"])


def _happening(brand: Brand, kept: dict[str, Any]) -> FlaggedHappening:
    amount = kept["amount"]
    return FlaggedHappening(
        external_id=kept["externalId"],
        kind=kept["kind"],
        occurred_at=datetime.fromisoformat(kept["occurredAt"]),
        store=kept["store"],
        amount=None if amount is None else money(brand, amount),
    )


def _raised(found: Record) -> Place:
    return found.raised_at, found.id
