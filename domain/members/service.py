"""The verbs that change who is a member, and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import orjson

from domain.brands.rules import Brand
from domain.members import queries
from domain.members.queries import Member
from domain.members.rules import AttributeValue
from kit.db import Session
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
    someone who is a member already stays as it is.
    """
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
