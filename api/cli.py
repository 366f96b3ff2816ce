"""The command `laurel`: assembles what the files of `api/commands` do."""

import typer

from api.commands import figures, imports, ledger, migrate, programme

app = typer.Typer(
    name="laurel",
    help="A loyalty engine on a double-entry ledger, served by GraphQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(programme.app, name="programme")
app.add_typer(imports.app, name="import")
app.add_typer(ledger.app, name="ledger")
app.command(name="figures")(figures.figures)
app.command(name="migrate")(migrate.migrate)


def main() -> None:
    """Run the command that was typed."""
    app()
