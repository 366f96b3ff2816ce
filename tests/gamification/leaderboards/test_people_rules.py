"""What an alias may be, which names are made up, and changes decided one after the other."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gamification.leaderboards.rules_people import folded, key_of, made_up, nameless, tidy
from gamification.leaderboards.rules_people_change import (
    People,
    PersonChange,
    PersonRefusedError,
    decide,
)
from gamification.leaderboards.words_people import WORDS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SALT = bytes(range(32))


@pytest.mark.parametrize(
    ("alias", "shown"),
    [
        ("  Queen   of beans ", "Queen of beans"),
        ("Đá", "Đá"),
        ("Cà phê 🫘", "Cà phê 🫘"),
        ("ab" * 12, "ab" * 12),
        ("ab" * 12 + "c", None),
        ("a", None),
        ("", None),
        ("!?", None),
        ("a\tb", None),
        ("a\u202eb", None),
        ("a\u200bb", None),
        ("a\x00b", None),
        ("a\ud800b", None),
    ],
)
def test_an_alias_is_printable_and_not_too_long(alias: str, shown: str | None) -> None:
    assert tidy(alias) == shown


def test_case_width_blanks_and_composition_make_no_other_alias() -> None:
    assert folded("Ann  Lee") == folded("\uff21\uff2e\uff2e lee") == "annlee"
    assert folded("Straße") == folded("STRASSE")
    assert folded("e\u0301a") == folded("éa")
    assert folded("Lan") != folded("Lân")


def test_a_made_up_name_is_the_same_for_ever_and_another_one_with_another_salt() -> None:
    one = UUID(int=7)
    assert made_up(SALT, one, "en") == "Radiant Bison 968"
    assert made_up(SALT, one, "vi") == "Bươm Bướm Thanh Lịch 968"
    assert made_up(SALT, one, "fr") == made_up(SALT, one, "en")
    assert made_up(SALT[::-1], one, "en") != made_up(SALT, one, "en")
    assert made_up(None, one, "vi") == "Một người"


def test_a_key_is_the_same_for_ever_and_another_one_with_another_salt() -> None:
    one = UUID(int=7)
    assert key_of(SALT, one) == key_of(SALT, UUID(int=7)) != key_of(SALT, UUID(int=8))
    assert len({key_of(salt, one) for salt in (SALT, SALT[::-1], None)}) == 3
    assert len(key_of(SALT, one)) == 32


def test_where_no_name_is_to_be_shown_stands_nobodys() -> None:
    assert (nameless("vi"), nameless("en"), nameless("fr")) == ("Một người", "Somebody", "Somebody")


def test_made_up_names_are_spread_and_each_language_has_as_many_words() -> None:
    names = Counter(made_up(SALT, UUID(int=number), "vi") for number in range(2_000))
    assert max(names.values()) <= 2
    for words in WORDS.values():
        assert len(set(words.qualities)) == len(set(words.animals)) == 64


def people(**members: int) -> People:
    known = {name: UUID(int=number) for name, number in members.items()}
    return People(NOW, 1, frozenset({"spend"}), known, {}, {})


def refusal(state: People, item: PersonChange) -> str:
    with pytest.raises(PersonRefusedError) as refused:
        decide(state, item)
    return refused.value.code


def test_an_alias_is_freed_by_its_member_and_never_by_staff() -> None:
    state = people(ann=1, ben=2)
    decide(state, PersonChange("1", "ann", "set_alias", "ann", alias="Bean"))
    assert refusal(state, PersonChange("2", "ben", "set_alias", "ben", alias="BEAN")) == (
        "ALIAS_TAKEN"
    )
    decide(state, PersonChange("3", "ann", "set_alias", "ann", alias="bean"))
    decide(state, PersonChange("4", "ann", "set_alias", "ann", alias="bean"))
    assert [each.alias for each in state.named.values()] == ["bean"]
    decide(state, PersonChange("5", "ann", "set_alias", "ann"))
    decide(state, PersonChange("6", "ann", "set_alias", "ann"))
    decide(state, PersonChange("7", "ben", "set_alias", "ben", alias="BEAN"))
    decide(state, PersonChange("8", "ben", "moderate", "staff", "rude"))
    for key, name in (("9", "ann"), ("10", "ben")):
        item = PersonChange(key, name, "set_alias", name, alias="bean")
        assert refusal(state, item) == "ALIAS_REMOVED"
    assert refusal(state, PersonChange("11", "ben", "moderate", "staff", "again")) == "NO_ALIAS"


def test_changes_that_make_no_sense_are_refused() -> None:
    state = people(ann=1)
    for code, item in (
        ("MEMBER_NOT_FOUND", PersonChange("1", "bob", "hide", "bob")),
        ("BOARD_NOT_FOUND", PersonChange("1", "ann", "hide", "ann", board="other")),
        ("INVALID_INPUT", PersonChange("1", "ann", "hide", "")),
        ("INVALID_INPUT", PersonChange("1", "ann", "hide", "ann", "\x00")),
        ("INVALID_INPUT", PersonChange("1", "ann", "ban", "staff")),
        ("INVALID_INPUT", PersonChange("1", "ann", "ban", "staff", "cheats", until=NOW)),
        ("INVALID_ALIAS", PersonChange("1", "ann", "set_alias", "ann", alias="x")),
        ("NOT_BANNED", PersonChange("1", "ann", "lift", "staff", "mercy")),
    ):
        assert refusal(state, item) == code


def test_who_hides_from_all_boards_shows_on_all() -> None:
    state = people(ann=1)
    decide(state, PersonChange("1", "ann", "hide", "ann"))
    decide(state, PersonChange("2", "ann", "hide", "ann", board="spend"))
    assert refusal(state, PersonChange("3", "ann", "show", "ann", board="spend")) == (
        "HIDDEN_EVERYWHERE"
    )
    decide(state, PersonChange("4", "ann", "show", "ann"))
    decide(state, PersonChange("5", "ann", "hide", "ann", board="spend"))
    decide(state, PersonChange("6", "ann", "show", "ann", board="spend"))
    assert not state.absent
    assert not state.begun
    assert not state.ended


def test_a_longer_ban_takes_the_place_of_a_shorter_one() -> None:
    state = people(ann=1)
    day, week = NOW + timedelta(days=1), NOW + timedelta(days=7)
    for key, until in (("1", day), ("2", week), ("3", week)):
        decide(state, PersonChange(key, "ann", "ban", "staff", "cheats", until=until))
    assert [each.until for each in state.begun.values()] == [week]
    decide(state, PersonChange("4", "ann", "exclude", "staff", "works here"))
    decide(state, PersonChange("5", "ann", "lift", "staff", "mercy"))
    assert [each.kind for each in state.absent.values()] == ["excluded"]
    decide(state, PersonChange("6", "ann", "include", "staff", "left"))
    assert not state.absent


def test_changes_under_one_key_are_told_apart_by_all_that_they_say() -> None:
    first = PersonChange("1", "ann", "set_alias", "ann")
    others = [
        PersonChange("1", "ann", "set_alias", "ann", alias=""),
        PersonChange("1", "ann", "set_alias", "staff"),
        PersonChange("1", "ann", "hide", "ann", until=NOW),
        PersonChange("1", "ann", "hide", "ann", window_id=1),
        PersonChange("1", "ann", "hide", "ann", board="x"),
        PersonChange("1", "ben", "hide", "ann"),
    ]
    assert len({each.request for each in (first, *others)}) == 7
