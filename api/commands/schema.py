"""``laurel schema``: the GraphQL schema as text, its changes, and the documents it must serve."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError, GraphQLSchema, build_schema

from api.graphql import client_check, permissions, reference
from api.graphql.changes import Change, Severity, changes
from api.graphql.client_files import UnreadableError, read_text
from api.graphql.schema import core, sdl
from kit.clock import SystemClock

RELEASED = Path(reference.__file__).with_name("released.graphql")

app = typer.Typer(name="schema", help="Look at the GraphQL schema.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def group() -> None:
    """Look at the GraphQL schema."""


@app.command(name="print")
def print_() -> None:
    """Print the schema, sorted: what `api/graphql/schema.graphql` must hold."""
    typer.echo(sdl(), nl=False)


@app.command()
def diff(
    old: Annotated[
        Path, typer.Argument(help="An older schema; without it, that of the last release.")
    ] = RELEASED,
    new: Annotated[
        Path | None, typer.Argument(help="A newer schema; without it, that of this version.")
    ] = None,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day on which this is asked (UTC)."),
    ] = None,
    allow_expired_deprecations: Annotated[
        bool, typer.Option(help="Let go what was announced to go by that day.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List what changed between two schemas; exit 1 if it breaks clients, 2 if unreadable."""
    before, after = _schema(old), _schema(new) if new else build_schema(sdl())
    found = changes(before, after, _day(today))
    breaking = [
        each
        for each in found
        if each.severity is Severity.BREAKING
        and not (each.announced and allow_expired_deprecations)
    ]
    counted = Counter(each.severity.value for each in found)
    if as_json:
        counts = {each.value: counted[each.value] for each in Severity}
        told = [asdict(each) | {"severity": each.severity.value} for each in found]
        typer.echo(json.dumps({**counts, "refused": len(breaking), "changes": told}, indent=2))
    else:
        for each in found:
            typer.echo(_line(each))
        typer.echo(", ".join(f"{counted[each.value]} {each.value}" for each in Severity))
    if breaking:
        raise typer.Exit(1)


@app.command()
def check_documents(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Files of documents, manifests of Relay or Apollo, or folders."),
    ],
    as_json: Json = False,
) -> None:
    """Say what this version would refuse of a client; exit 1 if anything, 2 if unreadable."""
    report = client_check.check(core(), paths)
    if as_json:
        typer.echo(json.dumps(client_check.as_json(report), indent=2))
    else:
        for remark in report.remarks:
            typer.echo(client_check.line(remark))
        typer.echo(client_check.summary(report))
        for fault in report.unreadable:
            typer.echo(fault, err=True)
    if report.unreadable:
        raise typer.Exit(2)
    if report.errors:
        raise typer.Exit(1)


@app.command(name="reference")
def reference_() -> None:
    """Print a page about everything in the schema: what `docs/api-reference.md` must hold."""
    typer.echo(reference.page(core()), nl=False)


@app.command(name="permissions")
def permissions_() -> None:
    """Print who may ask for which field: what `docs/api-permissions.md` must hold."""
    typer.echo(permissions.page(core()), nl=False)


def _schema(file: Path) -> GraphQLSchema:
    try:
        return build_schema(read_text(file))
    except UnreadableError as error:
        fault = str(error)
    except (GraphQLError, TypeError) as error:
        fault = f"{file}: is no schema: {error}"
    typer.echo(fault, err=True)
    raise typer.Exit(2)


def _day(given: datetime | None) -> date:
    return (given or SystemClock().now()).date()


def _line(change: Change) -> str:
    announced = " (announced)" if change.announced else ""
    return f"{change.severity.value:9}  {change.kind}  {change.message}{announced}"
