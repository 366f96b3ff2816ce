"""The verbs that change who is a member, and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import orjson

from domain.brands.rules import Brand
from domain.members import queries
from domain.members.queries import Member
from domain.members.rules import AttributeValue, MemberChange, Profile, changed, check
from kit.calendar import datable
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError, NotFoundError
from kit.ids import new_id


@dataclass(frozen=True, slots=True)
class NewMember:
    """Someone to enrol, under the id by which the brand knows them."""

    external_id: str
    joined_at: datetime
    display_name: str | None = None
    birthday: date | None = None
    region: str | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


async def enrol(
    session: Session, now: datetime, brand: Brand, newcomers: Sequence[NewMember]
) -> dict[str, Member]:
    """Enrol whoever of ``newcomers`` is not a member yet; return all of them by external id.

    The caller has seen that what is said of them is sound (`rules.check`). What is known of
    someone who is a member already stays as it is. Raises InvalidInputError (INVALID_DATE) if one
    joined outside the years 1970 to 2199.
    """
    if not all(datable(member.joined_at) for member in newcomers):
        message = "joined_at must be an instant with a zone in the years 1970 to 2199"
        raise InvalidInputError(message, code="INVALID_DATE", path=("joined_at",))
    # In one order, so that two enrolments of the same people wait and don't deadlock.
    ordered = sorted(newcomers, key=lambda member: member.external_id)
    await session.fetch(
        "INSERT INTO member (id, brand_id, external_id, display_name, joined_at, birthday, region,"
        " attributes, created_at) SELECT i, $1, e, d, j, b, r, a::jsonb, $2 FROM unnest($3::uuid[],"
        " $4::text[], $5::text[], $6::timestamptz[], $7::date[], $8::text[], $9::text[])"
        " AS n(i, e, d, j, b, r, a) ORDER BY e ON CONFLICT DO NOTHING",
        brand.id,
        now,
        [new_id() for _ in ordered],
        [member.external_id for member in ordered],
        [member.display_name for member in ordered],
        [member.joined_at for member in ordered],
        [member.birthday for member in ordered],
        [member.region for member in ordered],
        [orjson.dumps(dict(member.attributes)).decode() for member in ordered],
    )
    return await queries.by_external_ids(
        session, brand.id, [member.external_id for member in ordered]
    )


async def update(
    session: Session, now: datetime, brand: Brand, changes: Sequence[MemberChange]
) -> list[Member | LaurelError]:
    """Change what is known of members; return each as it then is, or why it was refused.

    Several changes of one member are made in their order. Refusals: MEMBER_NOT_FOUND and those
    of `rules.check`. Where a region changes the ends of points may: see `expiry`; where the
    members lived until now is kept.
    """
    names = sorted({change.external_id for change in changes})
    await session.fetch(
        "SELECT FROM member WHERE brand_id = $1 AND external_id = ANY ($2)"
        " ORDER BY id FOR NO KEY UPDATE",
        brand.id,
        names,
    )
    # Several names may be those of one member.
    named = await queries.by_external_ids(session, brand.id, names)
    before = {each.id: each for each in named.values()}
    known = dict(before)
    outcomes: list[Member | LaurelError] = []
    for change in changes:
        member = named.get(change.external_id)
        outcome = _updated(member and known[member.id], change, brand.day(now))
        if isinstance(outcome, Member):
            known[outcome.id] = outcome
        outcomes.append(outcome)
    changed_ones = [each for each in known.values() if each != before[each.id]]
    await _write(session, changed_ones)
    await _move(
        session,
        now,
        [before[each.id] for each in changed_ones if each.region != before[each.id].region],
    )
    return outcomes


def _updated(member: Member | None, change: MemberChange, today: date) -> Member | LaurelError:
    if member is None:
        message = "nobody is enrolled under this id"
        return NotFoundError(message, code="MEMBER_NOT_FOUND", path=("member",))
    profile = changed(
        Profile(member.display_name, member.birthday, member.region, member.attributes), change
    )
    said = {name: getattr(profile, name) for name in Profile.__slots__}
    return check(today, **said) or replace(member, **said)


async def _write(session: Session, members: Sequence[Member]) -> None:
    if not members:
        return
    await session.fetch(
        "UPDATE member SET display_name = c.d, birthday = c.b, region = c.r,"
        " attributes = c.a::jsonb FROM unnest($1::uuid[], $2::text[], $3::date[], $4::text[],"
        " $5::text[]) AS c(i, d, b, r, a) WHERE id = c.i",
        [member.id for member in members],
        [member.display_name for member in members],
        [member.birthday for member in members],
        [member.region for member in members],
        [orjson.dumps(dict(member.attributes)).decode() for member in members],
    )


async def _move(session: Session, now: datetime, members: Sequence[Member]) -> None:
    """Remember where these members, given as they were, lived until ``now``."""
    if not members:
        return
    await session.fetch(
        "INSERT INTO member_move (member_id, moved_at, region)"
        " SELECT m, $1, r FROM unnest($2::uuid[], $3::text[]) AS n(m, r)"
        # Who moves twice at one instant has lived nowhere in between.
        " ON CONFLICT DO NOTHING",
        now,
        [member.id for member in members],
        [member.region for member in members],
    )


async def joined_earlier(
    session: Session, brand: Brand, sightings: Sequence[tuple[str, datetime]]
) -> None:
    """Move the day of joining back for members who turn out to have been there before."""
    await session.fetch(
        "UPDATE member SET joined_at = s.at"
        " FROM (SELECT e, min(a) AS at FROM unnest($2::text[], $3::timestamptz[]) AS n(e, a)"
        " GROUP BY e) AS s"
        " WHERE brand_id = $1 AND external_id = s.e AND joined_at > s.at",
        brand.id,
        [external_id for external_id, _ in sightings],
        [at for _, at in sightings],
    )
