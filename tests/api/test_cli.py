"""The command `laurel` itself: it lists what there is and loads what is run, nothing else."""

import asyncio
import sys

import orjson
import pytest
from typer.testing import CliRunner

from api.cli import COMMANDS, app, loaded

LISTING = """
import sys
import orjson
from typer.testing import CliRunner
from api.cli import app
def said(*words, **environment):
    return CliRunner().invoke(app, words, env=environment, prog_name="laurel").stdout
found = [
    said("--help"),
    said("kye"),
    said(_LAUREL_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="laurel "),
]
sys.stdout.buffer.write(orjson.dumps([found, list(sys.modules)]))
"""


def words(text: str) -> str:
    """Return what a listing says, without the frame that the terminal's width gives it."""
    return " ".join(text.replace("│", " ").replace("\\", "").split())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_by_the_words_of_its_own_help(name: str) -> None:
    command = loaded(name)
    assert command.name == name
    assert (command.help or "").partition("\n\n")[0].replace("\n", " ") == COMMANDS[name].words


async def test_listing_and_completing_commands_loads_none() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LISTING), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    (listed, _, completed), modules = orjson.loads(out)
    completed = completed.replace("''", "'")
    for name, about in COMMANDS.items():
        assert f"{name} {about.words}" in words(listed)
        assert f'"{name}":"{about.words[:20]}' in completed
    rooms = {"domain", "gamification", "kit", "migrations", "partners"}
    heavy = {"alembic", "matplotlib", "pyarrow", "sqlalchemy", "strawberry", "structlog"}
    assert not [each for each in modules if each.partition(".")[0] in rooms | heavy]
    assert {each for each in modules if each.startswith("api")} == {"api", "api.cli", "api.loading"}


def test_what_follows_a_command_is_completed_by_its_module() -> None:
    asked = {"_LAUREL_COMPLETE": "complete_bash", "COMP_WORDS": "laurel key r", "COMP_CWORD": "2"}
    assert CliRunner().invoke(app, [], env=asked, prog_name="laurel").stdout == "revoke\n"


def test_a_mistyped_command_is_answered_with_a_like_one() -> None:
    result = CliRunner().invoke(app, ["kye", "list"])
    assert result.exit_code == 2
    assert "No such command 'kye'. Did you mean 'key'?" in words(result.stderr)
