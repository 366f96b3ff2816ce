"""``laurel demo``: a real year of loyalty cards, loaded and served."""

import asyncio
import gc
import shlex
import subprocess
import sys
from time import monotonic
from typing import Annotated

import orjson
import typer
from rich.console import Console

from api.commands.figures import instant, show
from api.commands.imports import GC_THRESHOLDS
from api.commands.serve import check_free, serve
from api.demo.load import BRAND, loaded
from api.demo.queries import DemoQuery, prepared
from api.parts import opened
from api.sections import SECTIONS
from domain.ledger.jobs import roll_up
from domain.metrics import queries as metrics
from domain.programmes import queries as programmes
from kit import log
from kit.errors import LaurelError
from kit.settings import Settings

LAST_DAY = "2017-12-31"


def demo(
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Load only the purchases of about so many lines of the file."),
    ] = None,
    serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve it then.")] = True,
    live: Annotated[
        bool, typer.Option("--live/--still", help="Let members go on buying while it is served.")
    ] = True,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
) -> None:
    """Load a real year of a grocer's loyalty card (once) and serve it with a worker."""
    gc.set_threshold(*GC_THRESHOLDS)
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log.configure(settings.model_copy(update={"log_level": "warning"}))
    console = Console(stderr=True)
    try:
        if serving:
            # Before the keys of a demo that is running are renewed.
            check_free(host, port)
        queries = asyncio.run(_load(settings, rows, console))
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from None
    if not serving:
        return
    address = f"http://{host}:{port}"
    _say_what_to_try(queries, address)
    beside = [["api", "worker"], *([["api.demo.replay"]] if live else [])]
    running = [
        subprocess.Popen([sys.executable, "-m", *each])  # noqa: S603 - fixed words
        for each in beside
    ]
    try:
        serve(host=host, port=port, workers=1)
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.wait()


async def _load(settings: Settings, rows: int | None, console: Console) -> list[DemoQuery]:
    started = monotonic()
    async with opened(settings) as parts:
        console.print(f"PostgreSQL and Valkey are up after {monotonic() - started:.1f} s.")
        brand, summary = await loaded(parts, rows, console)
        if summary is None:
            console.print("The year is here already.")
        async with parts.database.transaction() as session:
            await roll_up(session)
        async with parts.database.read() as session:
            timeline = await programmes.timeline(session, brand.id, SECTIONS)
            figures = await metrics.figures(session, brand, timeline, instant(LAST_DAY, brand))
        show(brand, figures)
        return await prepared(parts, brand)


def _say_what_to_try(queries: list[DemoQuery], address: str) -> None:
    typer.echo(f"\nStart page   {address}/\nGraphQL      {address}/graphql")
    typer.echo(f"Live boards  {address}/boards/{BRAND}/visits\n")
    for query in queries:
        body = orjson.dumps({"query": query.query, "variables": query.variables}).decode()
        typer.echo(f"# {query.title}")
        typer.echo(
            f"curl -s {address}/graphql -H 'content-type: application/json'"
            f" -H 'authorization: Bearer {query.token}' -d {shlex.quote(body)}\n"
        )
