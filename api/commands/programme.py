"""``laurel programme``: check programme files, apply them, and list what was applied."""

import asyncio
import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.sections import SECTIONS
from domain.programmes.rules import Document, load
from kit.documents import FaultyDocumentError, Problem
from kit.errors import LaurelError

app = typer.Typer(
    name="programme", help="Check, apply and list programme files.", no_args_is_help=True
)

File = Annotated[Path, typer.Argument(help="A programme file (TOML).")]


def read(file: Path) -> Document:
    """Return the programme in ``file``. Raises `FaultyDocumentError`."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 at byte {error.start}; save it as UTF-8"
        raise FaultyDocumentError(str(file), [Problem((), message)]) from None
    except OSError as error:
        message = f"can't be read: {error.strerror}"
        raise FaultyDocumentError(str(file), [Problem((), message)]) from None
    return load(text, SECTIONS, str(file))


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Programme files (TOML).")]) -> None:
    """Say what is wrong with programme files, line by line; exit 1 if anything is."""
    faulty = False
    for file in files:
        try:
            read(file)
        except LaurelError as error:
            faulty = True
            typer.echo(error.message, err=True)
        else:
            typer.echo(f"{file}: good")
    if faulty:
        raise typer.Exit(1)
