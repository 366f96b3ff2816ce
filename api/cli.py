"""The command `laurel`: what commands there are; the module of one is loaded when it is run."""

from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from api.loading import load


class Command(NamedTuple):
    """Where a command is and the first words of its help, which its module says again."""

    module: str
    words: str


COMMANDS = {
    "demo": Command(
        "demo", "Load a real year of a grocer's loyalty card (once) and serve it with a worker."
    ),
    "serve": Command("serve", "Answer over HTTP until SIGTERM; requests under way are finished."),
    "worker": Command(
        "worker",
        "Run jobs, roll up the ledger, book expiries, until SIGTERM; any number may run at once.",
    ),
    "migrate": Command(
        "migrate", "Bring the database up to date as its owner (LAUREL_OWNER_DATABASE_URL)."
    ),
    "figures": Command(
        "figures",
        "Print a brand's members, purchases, spend, points and tiers as of now or an instant.",
    ),
    "token": Command("token", "Print a token with which a member signs in. In development only."),
    "programme": Command("programme_simulate", "Check, plan, apply and list programme files."),
    "import": Command("imports", "Import files into a brand."),
    "pool": Command("pool", "Bring codes for vouchers along."),
    "leaderboards": Command(
        "leaderboards",
        "Look after the boards that Valkey shows. All of them can be had from PostgreSQL.",
    ),
    "badges": Command("badges", "Award badges, and keep their keys."),
    "ledger": Command("ledger", "Examine the books."),
    "key": Command("key", "Create, list and revoke API keys."),
    "schema": Command("schema", "Look at the GraphQL schema."),
}


class OnDemand(TyperGroup):
    """Lists commands by their words alone; who is run, or completed, is loaded."""

    def resolve_command(
        self, ctx: Any, args: list[str]
    ) -> tuple[str | None, TyperCommand | TyperGroup | None, list[str]]:
        """Return the command that ``args`` begin with, and what is left of them."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name and known else None, rest


def loaded(name: str) -> TyperCommand | TyperGroup:
    """Import the command ``name`` and return it."""
    module = load(f"api.commands.{COMMANDS[name].module}")
    parent = typer.Typer()
    found = getattr(module, "app", None)
    if found is None:
        parent.command(name)(getattr(module, name))
    else:
        parent.add_typer(found)
    command = get_group(parent).commands[name]
    assert isinstance(command, TyperCommand | TyperGroup)
    return command


app = typer.Typer(
    name="laurel",
    cls=OnDemand,
    help="A loyalty engine on a double-entry ledger, served by GraphQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for named, about in COMMANDS.items():

    @app.command(named, help=about.words)
    def _stands_for() -> None:
        raise AssertionError


def main() -> None:
    """Run the command that was typed."""
    app()
