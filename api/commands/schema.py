"""``laurel schema``: the GraphQL schema as text."""

import typer

from api.graphql.schema import sdl

app = typer.Typer(name="schema", help="Look at the GraphQL schema.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Look at the GraphQL schema."""


@app.command(name="print")
def print_() -> None:
    """Print the schema, sorted: what `api/graphql/schema.graphql` must hold."""
    typer.echo(sdl(), nl=False)
