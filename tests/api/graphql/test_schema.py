"""What every part of the schema owes its readers. A new field that owes it fails here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_nullable_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.graphql import schema as module
from api.graphql.fields import allowed
from api.graphql.schema import core, sdl

SNAPSHOT = Path(module.__file__).with_name("schema.graphql")
TYPES = [
    each
    for each in core().type_map.values()
    if not is_introspection_type(each) and not is_specified_scalar_type(each)
]
LISTS_THAT_END = {
    "ActivityOutcome.awards",
    "AddPoolCodesPayload.refused",
    "Badge.levels",
    "Balance.upcomingExpiries",
    "Board.around",
    "Board.friends",
    "Board.periods",
    "Board.scopes",
    "Challenge.after",
    "Challenge.goals",
    "Challenge.levels",
    "Challenge.tiers",
    "ChallengeBar.levels",
    "ChallengeGoal.steps",
    "ChallengeLevel.prizes",
    "ChallengeLevel.targets",
    "Figures.tiers",
    "Flag.happenings",
    "GoalProgress.seen",
    "Household.people",
    "Ladder.tiers",
    "LeagueStanding.cohort",
    "LeagueStanding.leagues",
    "Member.attributes",
    "Member.boards",
    "Member.challenges",
    "Member.grants",
    "Member.hiddenFrom",
    "Member.invitations",
    "Member.streaks",
    "Member.tiers",
    "MemberChallenge.goals",
    "MemberChallenge.levels",
    "MemberChallenge.missingFirst",
    "MemberStreak.frozenOn",
    "MemberStreak.repairedOn",
    "PointsEnding.tiers",
    "Programme.badges",
    "Programme.bars",
    "Programme.challenges",
    "Programme.endings",
    "Programme.ladders",
    "Programme.rewardCategories",
    "Programme.streaks",
    "ProgrammeVersion.changes",
    "PurchaseOutcome.awards",
    "PurchasePreview.awards",
    "PurchasePreview.tiersAfter",
    "PurchasePreview.tiersBefore",
    "Query.boards",
    "Query.nodes",
    "Redemption.vouchers",
    "Reward.early",
    "Reward.limits",
    "Reward.tiers",
    "Streak.milestones",
    "Streak.weekdays",
    "Tier.benefits",
    "TierStep.benefits",
    "UserError.field",
    "Voucher.uses",
}


def fields() -> Iterator[tuple[str, GraphQLField]]:
    for kind in TYPES:
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field


FIELDS = dict(fields())


def test_the_snapshot_is_current() -> None:
    assert SNAPSHOT.read_text() == sdl(), "run: laurel schema print > api/graphql/schema.graphql"


@pytest.mark.parametrize("coordinate", FIELDS)
def test_each_field_says_who_may_ask_for_it(coordinate: str) -> None:
    field = FIELDS[coordinate]
    assert allowed(field), f"declare {coordinate} with attribute() or resolver()"
    assert " For " in (field.description or "")


def undescribed() -> Iterator[str]:
    for kind in TYPES:
        if not kind.description:
            yield kind.name
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{kind.name}.{n}" for n, v in kind.values.items() if not v.description)
        if isinstance(kind, GraphQLInputObjectType):
            yield from (f"{kind.name}.{n}" for n, f in kind.fields.items() if not f.description)
    for coordinate, field in FIELDS.items():
        if not field.description:
            yield coordinate
        yield from (f"{coordinate}({n}:)" for n, a in field.args.items() if not a.description)


def test_everything_is_described() -> None:
    assert list(undescribed()) == []


def test_scalars_of_our_own_name_their_specification() -> None:
    scalars = [each for each in TYPES if isinstance(each, GraphQLScalarType)]
    assert [each.name for each in scalars if not each.specified_by_url] == []


def test_lists_that_may_grow_are_connections() -> None:
    plain = {
        coordinate
        for coordinate, field in FIELDS.items()
        if isinstance(get_nullable_type(field.type), GraphQLList)
        and not coordinate.partition(".")[0].endswith("Connection")
    }
    # What came of a list that was sent, and at most one refusal of the whole.
    answers = {each for each in plain if each.endswith(("Payload.errors", "Payload.outcomes"))}
    assert plain - answers == LISTS_THAT_END


VIEWS_IN_EDGES = {"BoardChange", "BoardPlace", "CatalogueItem", "CodePool", "RewardSupply"}
"""What a list shows of something else: there is nothing to fetch again by an id of its own."""


def test_edges_lead_to_what_can_be_fetched_again() -> None:
    """A new edge to a value fails here; the clients' caches keep things by their ids."""
    led_to = {
        get_nullable_type(each.fields["node"].type)
        for each in TYPES
        if isinstance(each, GraphQLObjectType) and each.name.endswith("Edge")
    }
    kinds = {
        each.name for each in led_to if isinstance(each, GraphQLObjectType) and each.interfaces
    }
    assert {getattr(each, "name", "") for each in led_to} - kinds == VIEWS_IN_EDGES


def test_mutations_take_one_input_and_answer_with_a_payload_of_their_own() -> None:
    mutation = core().mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        wanted = name[0].upper() + name[1:]
        assert list(field.args) == ["input"]
        assert isinstance(field.args["input"].type, GraphQLNonNull)
        assert field.args["input"].type.of_type.name == f"{wanted}Input"
        payload = field.type
        assert isinstance(payload, GraphQLObjectType)
        assert payload.name == f"{wanted}Payload"
        assert {"query", "errors"} <= set(payload.fields)


def test_names_of_arguments_of_amounts_are_never_floats() -> None:
    floats = {name for name, field in FIELDS.items() if "Float" in str(field.type)}
    assert floats == {"Tier.progress"}
