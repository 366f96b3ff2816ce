"""Badges: which there are, for anybody, and what members were awarded."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.auth import Role
from api.badges.addresses import Addresses
from api.badges.credentials import Issuer, picture_of
from api.context import Info
from api.graphql import ids, paging
from api.graphql.fields import BRAND, EVERYONE, SIGNED_IN, STAFF, attribute, resolver
from api.graphql.node import Node
from api.graphql.paging import Connection
from api.graphql.periods import GamePeriod, period
from api.graphql.quantities import Quantity, exact
from api.graphql.spending import Place, read, within, written
from api.graphql.vouchers import Pages
from domain.brands.rules import Brand
from domain.programmes.rules import Programme
from domain.wallets.section import PointsSection
from gamification.badges import queries
from gamification.badges import section_parts as parts
from gamification.badges.queries import Award
from kit.words import in_language

if TYPE_CHECKING:
    from api.graphql.members import Member

KIND = "BadgeAward"
BADGES_USUAL = 5
"""As how many badges a programme counts."""
LEVELS_USUAL = 3
"""As how many levels a badge or a challenge counts."""
_MEASURES = {"amount": "spend", "points": "points"}


@strawberry.type(description="One level of a badge, such as bronze.")
class BadgeLevel:
    """A level as the programme says."""

    brand_id: strawberry.Private[int]
    badge: strawberry.Private[str]
    level: int = attribute(EVERYONE, "Its number, from 1; a badge without levels has one alone.")
    name: str | None = attribute(
        EVERYONE,
        "What members read, in the language that `Accept-Language` asks for; null for a badge"
        " without levels.",
    )
    target: Quantity | None = attribute(
        EVERYONE, "How much it takes, where something is counted; else null.", weight=0
    )
    tier: str | None = attribute(EVERYONE, "The tier to reach, if that is what it takes.")
    picture: str = attribute(
        EVERYONE,
        "The address of its picture; a path on this server where the server knows no address of"
        " its own.",
    )

    @resolver(
        EVERYONE,
        "How many percent of the brand's members hold it, rounded up to a tenth, as of a minute"
        " ago at most; null if nobody does.",
    )
    async def held_by_percent(self, info: Info) -> Decimal | None:
        known = await info.context.runtime.rarities.of(info.context.reads.session, self.brand_id)
        found = known.get((self.badge, self.level))
        return None if found is None else Decimal(found.permille).scaleb(-1)


@strawberry.type(
    description="Something members are proud of and can show. Texts are in the language that"
    " `Accept-Language` asks for, if the brand wrote them in it."
)
class Badge:
    """A badge as the programme says."""

    code: str = attribute(EVERYONE, "The badge's short name, which never means another one.")
    name: str = attribute(EVERYONE, "What members read.")
    description: str = attribute(EVERYONE, "What it stands for.")
    criteria: str = attribute(EVERYONE, "What it takes.")
    address: str = attribute(
        EVERYONE,
        "The address of its page, which for programs is an achievement of Open Badges 3.0; a path"
        " on this server where the server knows no address of its own.",
    )
    again_every: GamePeriod | None = attribute(
        EVERYONE, "How often a member can have it, once in each; null for once ever."
    )
    valid_days: int | None = attribute(
        EVERYONE, "How many days it is valid after the day of the award; null for no end."
    )
    levels: list[BadgeLevel] = attribute(
        EVERYONE, "Its levels, the lowest first.", weight=0, size=LEVELS_USUAL
    )


@strawberry.type(description="That a member was awarded a badge.")
class BadgeAward(Node):
    """An award as shown."""

    key: strawberry.Private[UUID]
    record: strawberry.Private[Award]
    badge: Badge | None = attribute(
        SIGNED_IN,
        "What was awarded, as the latest version of the programme that has it says; null if none"
        " has.",
        weight=0,
    )
    level: int = attribute(SIGNED_IN, "Which level of it, one of `badge.levels`.")
    period: date | None = attribute(
        SIGNED_IN, "The first day of the period it is for; null for what is awarded once ever."
    )
    source: str = attribute(
        SIGNED_IN, 'What it is for: "rule", "hand", or a game such as "challenge:spring".'
    )
    awarded_at: datetime = attribute(SIGNED_IN, "When it was deserved.")
    awarded_by: str = attribute(STAFF, "Who awarded it: a key of the brand, or the programme.")
    expires_at: datetime | None = attribute(
        SIGNED_IN, "The first instant at which it is not valid any more; null for no end."
    )
    revoked_at: datetime | None = attribute(
        SIGNED_IN, "When it was revoked for good; null if it was not."
    )
    revoked_by: str | None = attribute(STAFF, "Who revoked it, if somebody did.")
    revoked_because: str | None = attribute(BRAND, "Why it was revoked, if it was.")
    shared_at: datetime | None = attribute(
        SIGNED_IN, "Since when everybody may see it; null if the member does not share it."
    )
    shown_name: str | None = attribute(
        SIGNED_IN, "The name that is shown with it where it is shared; null for none."
    )
    address: str | None = attribute(
        SIGNED_IN,
        "The address to share: a page, and for programs a signed credential of Open Badges 3.0;"
        " null if it is not shared.",
    )

    @resolver(BRAND, "Whose it is.")
    async def member(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        from api.graphql import members  # noqa: PLC0415 - each leads to the other

        return await members.changed(info, self.record.member_id)


# A version never changes, and badges are read with each home screen.
@lru_cache(maxsize=64)
def shown(brand: Brand, programme: Programme, origin: str, language: str) -> Mapping[str, Badge]:
    """Return all of a programme's badges by code, as they are shown in a language."""
    scale = programme.document.section(PointsSection).scale
    issuer = Issuer(brand, Addresses(origin, brand.code), None)
    return {
        each.code: Badge(
            code=each.code,
            name=in_language(each.name, language),
            description=in_language(each.description, language),
            criteria=in_language(each.criteria, language),
            address=issuer.addresses.badge(each.code),
            again_every=None if each.award == "once" else period(each.award),
            valid_days=each.valid_days,
            levels=list(_levels(issuer, scale, each, language)),
        )
        for each in queries.badges(programme)
    }


def _levels(issuer: Issuer, scale: int, badge: parts.Badge, language: str) -> list[BadgeLevel]:
    measure = _MEASURES.get((badge.goal.of if badge.goal else None) or "", "")
    said: tuple[parts.Level | parts.Badge, ...] = badge.level or (badge,)
    found = []
    for number, each in enumerate(said, 1):
        target = each.target if badge.goal else None
        found.append(
            BadgeLevel(
                brand_id=issuer.brand.id,
                badge=badge.code,
                level=number,
                name=in_language(each.name, language) if badge.level else None,
                target=None if target is None else exact(issuer.brand, scale, measure, target),
                tier=each.tier,
                picture=picture_of(issuer, badge, number if badge.level else None),
            )
        )
    return found


def origin_of(info: Info) -> str:
    """Return how addresses begin that others are shown, empty if the server does not know."""
    return info.context.runtime.settings.public_url or ""


def listed(info: Info, brand: Brand, programme: Programme) -> list[Badge]:
    """Return a programme's badges, in the order of the file."""
    return list(shown(brand, programme, origin_of(info), info.context.language).values())


async def awards(info: Info, records: list[Award]) -> list[BadgeAward]:
    """Return awards of the caller's brand as they are shown."""
    timeline = (await info.context.loaders.programmes()).timeline
    brand, now, language = info.context.principal.brand, info.context.now, info.context.language
    addresses = Addresses(origin_of(info), brand.code)

    def badge(code: str) -> Badge | None:
        for programme in reversed(timeline.programmes):
            if programme.effective_from <= now:
                found = shown(brand, programme, addresses.origin, language).get(code)
                if found is not None:
                    return found
        return None

    return [_award(addresses, each, badge(each.badge)) for each in records]


def _award(addresses: Addresses, each: Award, badge: Badge | None) -> BadgeAward:
    return BadgeAward(
        id=ids.encode(KIND, str(each.id)),
        key=each.id,
        record=each,
        badge=badge,
        level=each.level,
        period=each.period,
        source=each.source,
        awarded_at=each.awarded_at,
        awarded_by=each.actor,
        expires_at=each.expires_at,
        revoked_at=each.revoked_at,
        revoked_by=each.revoked_by,
        revoked_because=each.reason,
        shared_at=each.shared_at,
        shown_name=each.shown_name,
        address=addresses.award(each.id) if each.shared_at else None,
    )


async def by_key(info: Info, key: UUID | None) -> BadgeAward | None:
    """Return an award of the caller's brand, None if there is none."""
    found = await info.context.loaders.playing.awards.load(key) if key else None
    return (await awards(info, [found]))[0] if found else None


async def by_id(info: Info, text: str) -> BadgeAward | None:
    """Return the brand's award with that key; members see their own."""
    found = await by_key(info, ids.uuid_of(text))
    if found is None or not await is_own(info, found.record.member_id):
        return None
    return found


async def is_own(info: Info, member_id: UUID) -> bool:
    """Whether a member is the one who calls, by all names; somebody of the brand may see all."""
    principal, loaders = info.context.principal, info.context.loaders
    if principal.role is not Role.MEMBER:
        return True
    me = await loaders.members_by_external_id.load(principal.external_id)
    # Who was merged is found as the member who is left.
    owner = await loaders.members.load(member_id)
    return me is not None and owner is not None and me.id == owner.id


async def page_of(info: Info, member_id: UUID, pages: Pages) -> Connection[BadgeAward]:
    """Return a page of what a member was awarded and was not revoked, the latest first."""
    cursors = info.context.cursors(f"Member.badges:{member_id}")
    asked = paging.window(cursors, *pages, read)
    mine = await info.context.loaders.playing.awards_of.load(member_id) or []
    places = sorted(mine, key=_place, reverse=True)
    if asked.backwards:
        past = (each for each in places if asked.before is None or _place(each) > asked.before)
        found = within(asked, reversed(list(past)), _place)[-asked.size - 1 :]
    else:
        past = (each for each in places if asked.after is None or _place(each) < asked.after)
        found = within(asked, past, _place)[: asked.size + 1]
    return paging.connection(
        cursors, asked, await awards(info, found), lambda each: written(_place(each.record))
    )


def _place(found: Award) -> Place:
    return found.awarded_at, found.id
