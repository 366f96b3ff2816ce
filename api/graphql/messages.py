"""What people read about a refusal, in their language: one line of a catalogue per code."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from api.graphql.codes import ErrorCode
from api.language import ENGLISH, OFFERED

_PLACE = Path(__file__).with_name("catalogues")


def _read(language: str) -> Mapping[str, str]:
    return tomllib.loads((_PLACE / f"{language}.toml").read_text(encoding="utf-8"))


_CATALOGUES = {language: _read(language) for language in OFFERED}


def message(code: ErrorCode, language: str) -> str:
    """Return what to tell people about ``code``; English to those whose language isn't spoken."""
    return _CATALOGUES.get(language, _CATALOGUES[ENGLISH])[code.name]
