"""Whatever happens, in whatever order, households stay what they are."""

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.households.rules_change import HouseholdRefusedError, decide
from domain.households.rules_request import (
    Answer,
    Change,
    Invitation,
    Leaving,
    NewHousehold,
    Removal,
    RoleChange,
)
from domain.households.rules_state import State
from domain.households.section import HouseholdsSection
from kit.ids import derived_id
from tests.domain.households.conftest import Homes

NAMES = ("ann", "ben", "cid", "dan", "eva")
ROLES = ("owner", "adult", "child")
SECTION = HouseholdsSection.model_validate({"members": 3, "invitation_days": 3, "cool_off_days": 1})
START = datetime(2026, 3, 2, tzinfo=UTC)


def any_change(chance: Random, key: str, asked: list[UUID]) -> Change:
    one, other, role = chance.choice(NAMES), chance.choice(NAMES), chance.choice(ROLES)
    changes: list[Change] = [
        NewHousehold(key, one, "Home"),
        Invitation(key, one, other, chance.choice(ROLES[1:])),
        Invitation(key, one, other, role),
        *[
            Answer(key, one, chance.choice(asked), accept=chance.random() < 0.9)
            for _ in range(3)
            if asked
        ],
        Leaving(key, one),
        Removal(key, one, other),
        RoleChange(key, one, other, role),
    ]
    return chance.choice(changes)


def check(state: State) -> None:
    people = [each.member_id for home in state.households.values() for each in home.people]
    assert len(people) == len(set(people))
    for home in state.households.values():
        assert [each.role for each in home.people].count("owner") == 1
        assert home.people[0].role == "owner"
        assert 1 <= len(home.people) <= SECTION.members
    assert set(state.homes.values()) == set(state.households)
    waiting = {each.id for each in state.asked.values() if each.answered_at is None}
    assert {each.id for each in state.open.values()} == waiting


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_any_sequence_keeps_one_owner_a_bound_and_one_place_each(seed: int) -> None:
    chance = Random(seed)
    members = {name: UUID(int=place) for place, name in enumerate(NAMES)}
    state = State(START, UTC, SECTION, members)
    for step in range(40):
        key = str(step)
        item = any_change(chance, key, [each.id for each in state.asked.values()])
        before = (dict(state.households), dict(state.homes), len(state.happened))
        try:
            decide(state, item, partial(derived_id, key))
        except HouseholdRefusedError:
            assert before == (state.households, state.homes, len(state.happened))
        check(state)
        state.now += timedelta(hours=chance.choice([0, 1, 30]))


async def test_a_batch_does_what_its_items_do_one_by_one(homes: Homes) -> None:
    """Random histories, in batches and one by one, in two halves of one shop."""
    await homes.join(*(f"{name} {side}" for name in NAMES for side in "12"))
    for seed in range(6):
        chance = Random(seed)
        asked: dict[str, list[UUID]] = {"1": [], "2": []}
        for batch in range(8):
            told = {}
            drawn = chance.randrange(2**32)
            for side in "12":
                again = Random(drawn)
                items = [
                    any_change(again, f"{seed} {batch} {place} {side}", asked[side])
                    for place in range(6)
                ]
                for item in items:
                    for name in ("owner", "member", "household_of"):
                        if hasattr(item, name):
                            object.__setattr__(item, name, f"{getattr(item, name)} {side}")
                if side == "1":
                    outcomes = await homes.change(*items)
                else:
                    outcomes = [(await homes.change(item))[0] for item in items]
                new = [each.invitation_id for each in outcomes if each.invitation_id]
                asked[side] += [each for each in new if each not in asked[side]]
                told[side] = [(each.code, each.replayed) for each in outcomes]
            assert told["1"] == told["2"]
            homes.shop.clock.move(timedelta(hours=chance.choice([0, 1, 90])))
        found = [{name: await homes.people(f"{name} {side}") for name in NAMES} for side in "12"]
        sides = [str(each).replace(" 1", "").replace(" 2", "") for each in found]
        assert sides[0] == sides[1]
