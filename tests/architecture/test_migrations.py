"""The migrated database is what the models say, and the revisions form one line."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kit.db import Base
from kit.embedded import Servers, running
from migrations.run import HERE, head, upgrade

# Everything of a table that PostgreSQL itself can spell out.
CATALOGUE = """
SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' identity:' || a.attidentity::text
       || ' default:' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
  AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT relname || ' ' || reloptions::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
"""


@pytest.fixture(scope="module")
async def migrated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    with running(tmp_path_factory.mktemp("migrations"), valkey=False) as servers:
        await upgrade(servers.owner_database_url, servers.database_url)
        yield servers


@pytest.fixture
async def owner(migrated: Servers) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(migrated.owner_database_url)
    yield engine
    await engine.dispose()


async def catalogue(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        rows = (await connection.execute(text(CATALOGUE))).scalars()
        return {row for row in rows if "alembic_version" not in row}


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, Base.metadata))


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_alembic_finds_nothing_to_do(owner: AsyncEngine) -> None:
    async with owner.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_models_equal_migrations_in_everything(owner: AsyncEngine, migrated: Servers) -> None:
    admin = create_async_engine(migrated.admin_database_url, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text("CREATE DATABASE models"))
    await admin.dispose()
    models = create_async_engine(make_url(migrated.admin_database_url).set(database="models"))
    async with models.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    expected = await catalogue(models)
    await models.dispose()
    assert await catalogue(owner) == expected


async def test_migrating_again_changes_nothing(owner: AsyncEngine, migrated: Servers) -> None:
    before = await catalogue(owner)
    await upgrade(migrated.owner_database_url, migrated.database_url)
    assert await catalogue(owner) == before
    async with owner.connect() as connection:
        versions = (await connection.execute(text("SELECT version_num FROM alembic_version"))).all()
    assert [version for (version,) in versions] == [head()]


def test_revisions_form_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    scripts = ScriptDirectory.from_config(config)
    revisions: list[Script] = list(scripts.walk_revisions())
    assert scripts.get_heads() == [head()]
    older = [revision.down_revision for revision in revisions]
    assert older == [*(revision.revision for revision in revisions[1:]), None]
    files = {path.stem for path in (HERE / "versions").glob("*.py")}
    assert files == {revision.revision for revision in revisions}
