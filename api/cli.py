"""The command `laurel`: assembles what the files of `api/commands` do."""

import typer

from api.commands import (
    badges,
    demo,
    figures,
    imports,
    key,
    leaderboards,
    ledger,
    migrate,
    pool,
    programme,
    programme_simulate,
    schema,
    serve,
    token,
    worker,
)

app = typer.Typer(
    name="laurel",
    help="A loyalty engine on a double-entry ledger, served by GraphQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for single in (
    demo.demo,
    serve.serve,
    worker.worker,
    migrate.migrate,
    figures.figures,
    token.token,
):
    app.command()(single)
programme.app.command()(programme_simulate.simulate)
for group in (programme, imports, pool, leaderboards, badges, ledger, key, schema):
    app.add_typer(group.app)


def main() -> None:
    """Run the command that was typed."""
    app()
