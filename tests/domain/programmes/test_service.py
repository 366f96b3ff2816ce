"""Applying programmes on a real PostgreSQL: dated, immutable, never retroactive."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from api.sections import SECTIONS
from domain.programmes import queries
from domain.programmes.rules import Document, ProgrammeRefusedError, load
from domain.programmes.service import Applied, apply
from kit.db import Database
from tests.support.programmes import GOOD

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def document(code: str, old: str = "", new: str = "") -> Document:
    return load(GOOD.replace('"shop"', f'"{code}"').replace(old, new), SECTIONS, "shop.toml")


async def put(
    database: Database, what: Document, effective_from: datetime, now: datetime = NOW
) -> Applied:
    return await database.write(lambda session: apply(session, now, what, effective_from, "me"))


async def starts(database: Database, brand_id: int) -> list[datetime]:
    async with database.read() as session:
        return [each.effective_from for each in await queries.versions(session, brand_id)]


async def test_the_first_version_creates_the_brand_and_may_be_dated_in_the_past(
    programme_database: Database,
) -> None:
    first = document("first")
    applied = await put(programme_database, first, NOW - 365 * DAY)

    assert applied.created
    async with programme_database.read() as session:
        (version,) = await queries.versions(session, applied.brand_id)
        brand = await session.one("SELECT * FROM brand WHERE id = $1", applied.brand_id)
    assert (version.id, version.document) == (applied.version_id, first.text)
    assert (version.effective_from, version.applied_at) == (NOW - 365 * DAY, NOW)
    assert (version.content_hash, version.applied_by) == (first.content_hash, "me")
    assert brand is not None
    assert (brand["code"], brand["currency"], brand["currency_exponent"]) == ("first", "USD", 2)


async def test_the_same_content_again_changes_nothing(programme_database: Database) -> None:
    first = await put(programme_database, document("again"), NOW - DAY)
    commented = load("# Hello.\n" + document("again").text, SECTIONS, "shop.toml")

    for effective_from in (NOW - DAY, NOW, NOW + DAY):
        found = await put(programme_database, commented, effective_from, NOW + DAY)
        assert found == Applied(first.brand_id, first.version_id, NOW - DAY, created=False)
    assert await starts(programme_database, first.brand_id) == [NOW - DAY]


async def test_a_later_version_follows_and_renames_the_brand(programme_database: Database) -> None:
    first = await put(programme_database, document("later"), NOW - DAY)
    second = await put(programme_database, document("later", "The Shop", "My Shop"), NOW + DAY)

    assert (second.brand_id, second.created) == (first.brand_id, True)
    assert await starts(programme_database, first.brand_id) == [NOW - DAY, NOW + DAY]
    async with programme_database.read() as session:
        name = await session.value("SELECT name FROM brand WHERE id = $1", first.brand_id)
    assert name == "My Shop"


@pytest.mark.parametrize(
    ("old", "new", "effective_from", "code"),
    [
        ("America/New_York", "Europe/London", NOW, "BRAND_TIME_ZONE_FIXED"),
        ('"USD"', '"EUR"', NOW, "BRAND_CURRENCY_FIXED"),
        ('"1.00"', '"2.00"', NOW - DAY, "EFFECTIVE_FROM_NOT_AFTER_LATEST"),
        ('"1.00"', '"2.00"', NOW - DAY / 2, "EFFECTIVE_FROM_IN_THE_PAST"),
    ],
)
async def test_a_refused_version_leaves_everything_as_it_was(
    programme_database: Database, old: str, new: str, effective_from: datetime, code: str
) -> None:
    first = await put(programme_database, document("firm"), NOW - DAY)

    with pytest.raises(ProgrammeRefusedError) as refused:
        await put(programme_database, document("firm", old, new), effective_from)

    assert refused.value.code == code
    assert await starts(programme_database, first.brand_id) == [NOW - DAY]


async def test_a_refused_first_version_creates_no_brand(programme_database: Database) -> None:
    with pytest.raises(ProgrammeRefusedError):
        await put(programme_database, document("unborn"), NOW.replace(tzinfo=None))
    async with programme_database.read() as session:
        assert await session.one("SELECT 1 FROM brand WHERE code = 'unborn'") is None


async def test_applied_at_once_by_several_it_is_one_version(programme_database: Database) -> None:
    same = [put(programme_database, document("rush"), NOW - DAY) for _ in range(4)]
    applied = await asyncio.gather(*same)

    assert sorted(each.created for each in applied) == [False, False, False, True]
    assert len({each.version_id for each in applied}) == 1


async def test_the_database_refuses_the_application_to_change_a_version(
    programme_database: Database,
) -> None:
    applied = await put(programme_database, document("stone"), NOW)
    for sql in ("UPDATE programme_version SET document = ''", "DELETE FROM programme_version"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with programme_database.transaction() as session:
                await session.value(sql)
    assert await starts(programme_database, applied.brand_id) == [NOW]


async def test_members_come_and_buy_while_a_version_is_being_applied(
    programme_database: Database,
) -> None:
    first = await put(programme_database, document("busy"), NOW - DAY)
    async with programme_database.transaction() as slow:
        await apply(slow, NOW, document("busy", '"1.00"', '"2.00"'), NOW, "me")
        # The lock that a row takes that belongs to a brand.
        async with asyncio.timeout(5), programme_database.transaction() as quick:
            row = await quick.one(
                "SELECT id FROM brand WHERE id = $1 FOR KEY SHARE", first.brand_id
            )
        assert row is not None
