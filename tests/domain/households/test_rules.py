"""Who of a household may spend what all have."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.households.rules import Household, Person, in_order, may_spend, spenders
from domain.households.section import HouseholdsSection

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ANN, BEN, CID = UUID(int=3), UUID(int=1), UUID(int=2)
HOME = Household(
    UUID(int=9),
    "Home",
    NOW,
    in_order(
        [
            Person(BEN, "adult", NOW + timedelta(days=1)),
            Person(CID, "child", NOW),
            Person(ANN, "owner", NOW + timedelta(days=2)),
        ]
    ),
)


def test_the_owner_comes_first_then_who_has_been_there_longest() -> None:
    assert [each.member_id for each in HOME.people] == [ANN, CID, BEN]
    assert HOME.person(CID) == Person(CID, "child", NOW)
    assert HOME.person(UUID(int=7)) is None


def test_the_roles_that_the_programme_names_spend() -> None:
    section = HouseholdsSection.model_validate({"members": 3})
    assert spenders(section, HOME) == (ANN, BEN)
    assert [may_spend(section, HOME, each) for each in (ANN, BEN, CID)] == [True, True, False]
    only = HouseholdsSection.model_validate({"members": 3, "spenders": ["child"]})
    assert spenders(only, HOME) == (CID,)
    assert not may_spend(only, HOME, UUID(int=7))
