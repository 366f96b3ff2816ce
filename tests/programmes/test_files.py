"""What every file that people copy must have, besides being valid."""

import pytest

from api.sections import SECTIONS
from domain.programmes.rules import load
from tests.support.scenes import shipped
from tests.support.shop import ROOT

NAMES = [path.stem for path in (ROOT / "programmes").glob("*.toml") if "." not in path.stem]


@pytest.mark.parametrize("name", NAMES)
def test_an_editor_finds_the_schema_and_a_reader_what_it_is(name: str) -> None:
    first, second, *_ = shipped(name).splitlines()
    assert first == "#:schema ../docs/programme.schema.json"
    assert second.startswith("# ")
    assert (ROOT / "programmes" / first.removeprefix("#:schema ")).exists()


@pytest.mark.parametrize("name", ["hk-explorer", "corner-shop", "xplr", "star-rewards-2026"])
def test_a_file_states_what_nobody_published(name: str) -> None:
    assert "chosen here" in shipped(name).lower()


def test_thirty_rules_are_a_programme() -> None:
    """What is measured is a file like any other."""
    text = (ROOT / "bench" / "thirty_rules.toml").read_text()
    rules = load(text, SECTIONS, "thirty_rules.toml")
    assert rules.text.count("[[earning.rule]]") + rules.text.count("[[earning.multiplier]]") > 30
