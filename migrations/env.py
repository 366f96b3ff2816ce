"""Runs the migrations: finds every models file by walking the rooms, connects as the owner."""

import asyncio
import importlib
from pathlib import Path

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from kit.db import Base

ROOT = Path(__file__).parent.parent
for path in sorted(ROOT.glob("*/*/models*.py")) + sorted(ROOT.glob("kit/*.py")):
    importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


async def _connect(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


attached: Connection | None = context.config.attributes.get("connection")
if attached is not None:
    _run(attached)
else:
    asyncio.run(_connect(context.config.get_main_option("sqlalchemy.url", "")))
