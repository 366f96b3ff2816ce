"""``laurel migrate``: bring the database up to date."""

import asyncio

import typer

from kit import embedded
from kit.errors import LaurelError
from kit.settings import Settings
from migrations.run import head, upgrade


def migrate() -> None:
    """Bring the database up to date as its owner (LAUREL_OWNER_DATABASE_URL)."""
    try:
        with embedded.resolve(Settings()) as servers:
            asyncio.run(upgrade(servers.owner_database_url, servers.database_url))
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"The database is at revision {head()}.")
