"""The versions of a brand's programme, and what each one changed."""

from datetime import datetime

import strawberry

from api.context import Info
from api.graphql import ids, paging
from api.graphql.fields import STAFF, attribute
from api.graphql.node import Node
from api.graphql.paging import Connection
from domain.programmes import queries
from domain.programmes.rules import Programme, Version
from domain.programmes.rules_difference import differences

KIND = "ProgrammeVersion"


@strawberry.type(description="A brand's programme from one instant on, until the next version's.")
class ProgrammeVersion(Node):
    """A version. It never changes."""

    key: strawberry.Private[int]
    effective_from: datetime = attribute(STAFF, "From when on it is in force.")
    applied_at: datetime = attribute(STAFF, "When it was applied.")
    applied_by: str = attribute(STAFF, "Who applied it.")
    document: str = attribute(STAFF, "The file as it was applied, in TOML.")
    changes: list[str] = attribute(
        STAFF,
        "What it says otherwise than the version before, a line for each setting, in English;"
        " everything for the first one.",
    )


async def page(
    info: Info, first: int | None, after: str | None, last: int | None, before: str | None
) -> Connection[ProgrammeVersion]:
    """Return a page of the versions of the brand's programme, the newest first."""
    cursors = info.context.cursors("Query.programmeVersions")
    asked = paging.window(cursors, first, after, last, before, int)
    found = [
        each
        for each in reversed(await _versions(info))
        if (asked.after is None or each.key < asked.after)
        and (asked.before is None or each.key > asked.before)
    ]
    more = asked.size + 1
    found = found[-more:] if asked.backwards else found[:more]
    return paging.connection(cursors, asked, found, lambda each: each.key)


async def by_id(info: Info, text: str) -> ProgrammeVersion | None:
    """Return the version with that key, None if the brand has none."""
    return next((each for each in await _versions(info) if str(each.key) == text), None)


async def _versions(info: Info) -> list[ProgrammeVersion]:
    # A version starts after all that were there when it was applied: ids are the order.
    known = (await info.context.loaders.programmes()).timeline
    brand = info.context.principal.brand
    async with info.context.reads.session() as session:
        found = await queries.versions(session, brand.id)
    read = {each.version_id: each for each in known.programmes}
    shown, earlier = [], None
    for each in found:
        programme = read[each.id]
        shown.append(_shown(each, earlier, programme))
        earlier = programme
    return shown


def _shown(version: Version, before: Programme | None, read: Programme) -> ProgrammeVersion:
    told = differences(before.document if before else None, read.document)
    return ProgrammeVersion(
        id=ids.encode(KIND, str(version.id)),
        key=version.id,
        effective_from=version.effective_from,
        applied_at=version.applied_at,
        applied_by=version.applied_by,
        document=version.document,
        changes=[each.describe() for each in told],
    )
