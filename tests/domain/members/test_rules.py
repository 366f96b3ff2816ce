"""What can be said of a member, and what a change leaves of it."""

from datetime import date
from typing import Any

import pytest

from domain.members.rules import MemberChange, Profile, changed, check, check_attributes

TODAY = date(2026, 3, 2)
ANN = Profile("Ann", date(1990, 2, 28), "CA-ON", {"vip": True, "visits": 3})


def test_a_change_says_only_what_it_names() -> None:
    assert changed(ANN, MemberChange("ann")) == ANN
    change = MemberChange("ann", display_name="Annie", attributes={"visits": None, "pet": "cat"})
    after = Profile("Annie", date(1990, 2, 28), "CA-ON", {"vip": True, "pet": "cat"})
    assert changed(ANN, change) == after
    nothing = MemberChange("ann", display_name=None, birthday=None, region=None)
    assert changed(ANN, nothing) == Profile(None, None, None, ANN.attributes)


@pytest.mark.parametrize(
    ("said", "code", "path"),
    [
        ({}, None, ()),
        ({"display_name": "Ann", "region": "CA-ON", "attributes": {"note": ""}}, None, ()),
        ({"birthday": TODAY}, None, ()),
        ({"birthday": date(2026, 3, 3)}, "INVALID_DATE", ("birthday",)),
        ({"birthday": date(1899, 12, 31)}, "INVALID_DATE", ("birthday",)),
        ({"display_name": " "}, "INVALID_INPUT", ("display_name",)),
        ({"region": "CA\n"}, "INVALID_INPUT", ("region",)),
        ({"attributes": {"": 1}}, "INVALID_INPUT", ("attributes",)),
        ({"attributes": {"note": "\0"}}, "INVALID_INPUT", ("attributes",)),
        ({"attributes": {"n": 2**53}}, None, ()),
        ({"attributes": {"n": 2**53 + 1}}, "INVALID_INPUT", ("attributes",)),
        ({"attributes": {"n": float("nan")}}, "INVALID_INPUT", ("attributes",)),
    ],
)
def test_what_can_be_said(said: dict[str, Any], code: str | None, path: tuple[str, ...]) -> None:
    found = check(TODAY, **said)
    assert (found and (found.code, found.path)) == (code and (code, path))


def test_attributes_are_fifty_at_most() -> None:
    assert check_attributes({f"a{n}": n for n in range(50)}) is None
    found = check_attributes({f"a{n}": n for n in range(51)})
    assert found is not None
    assert (found.code, found.path) == ("TOO_MANY_ATTRIBUTES", ("attributes",))
