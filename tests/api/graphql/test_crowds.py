"""Who may take one answer together: judged field by field, by all that an answer depends on."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from graphql import GraphQLObjectType, get_named_type

from api.auth import Principal, Role
from api.caller import Caller
from api.graphql.crowds import crowd_of, is_same, nobody
from api.graphql.documents import Document, Documents, Operation
from api.graphql.fields import EVERYONE, allowed
from api.graphql.schema import core
from domain.brands.rules import Brand

SHOP, RIVAL = (Brand(n, code, code, "UTC", "USD", 2) for n, code in ((1, "shop"), (2, "rival")))
STRANGER = Caller(address="10.0.0.1", client="web")
ANA = Caller(
    Principal(Role.MEMBER, SHOP, "ana", "member:app:ana", datetime.max.replace(tzinfo=UTC))
)
BEN = Caller(Principal(Role.MEMBER, SHOP, "ben", "member:app:ben"))
PUBLIC = """
subscription A($n: Int) { board(brand: "shop", code: "b") { ...B ...P } }
subscription B($n: Int) { board(brand: "shop", code: "c") { ...B ...P } }
fragment B on Board { __typename name version scopes { code } }
fragment P on Board { places(first: $n) { edges { cursor node { rank score { value } } } } }
"""


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents(core(), hide_suggestions=False)


def crowd(documents: Documents, text: str, name: str | None, given: object, who: Caller) -> object:
    document = documents.prepare(text)
    assert isinstance(document, Document), document
    operation = document.operation(name)
    assert isinstance(operation, Operation)
    assert isinstance(given, dict)
    return crowd_of(document, operation, given, who)


def test_every_field_of_a_board_is_judged() -> None:
    shared = {each for each, allow in reached() if is_same(each)}
    everybodys = {each for each, allow in reached() if allow == EVERYONE}
    # A field that is new is for nobody together until it is judged here and there.
    assert everybodys - shared == {"BoardPlace.isMe", "Subscription.board"}
    assert shared < everybodys
    assert not is_same("Board.myPlace")
    assert not is_same("BoardPlace.member")


def reached() -> Iterator[tuple[str, object]]:
    """Yield every field below `Subscription.board`, and it, with who may ask for it."""
    root = core().subscription_type
    assert root is not None
    seen, waiting = {root.name}, [(root, ("board",))]
    while waiting:
        kind, names = waiting.pop()
        for name in names:
            yield f"{kind.name}.{name}", allowed(kind.fields[name])
            below = get_named_type(kind.fields[name].type)
            # A member is the brand's to ask for, with all that is below.
            if isinstance(below, GraphQLObjectType) and below.name not in {*seen, "Member"}:
                seen.add(below.name)
                waiting.append((below, tuple(below.fields)))


def test_the_same_for_all_who_ask_the_same(documents: Documents) -> None:
    first = crowd(documents, PUBLIC, "A", {"n": 1, "m": [2]}, STRANGER)
    assert first is not None
    again = replace(STRANGER, address="10.0.0.2", client="other")
    assert crowd(documents, PUBLIC, "A", {"m": [2], "n": 1}, again) == first
    members = crowd(documents, PUBLIC, "A", {}, ANA)
    assert members is not None
    assert crowd(documents, PUBLIC, "A", {}, BEN) == members


def test_nobody_shares_what_may_differ(documents: Documents) -> None:
    rival = replace(ANA, principal=replace(ANA.principal, home=RIVAL))
    crowds = [
        crowd(documents, PUBLIC, "A", {}, STRANGER),
        crowd(documents, PUBLIC, "B", {}, STRANGER),
        crowd(documents, PUBLIC, "A", {"n": 1}, STRANGER),
        crowd(documents, PUBLIC, "A", {"n": "1"}, STRANGER),
        crowd(documents, PUBLIC, "A", {"n": True}, STRANGER),
        crowd(documents, PUBLIC, "A", {"n": None}, STRANGER),
        crowd(documents, PUBLIC, "A", {}, replace(STRANGER, language="vi")),
        crowd(documents, f"{PUBLIC} ", "A", {}, STRANGER),
        crowd(documents, PUBLIC, "A", {}, ANA),
        crowd(documents, PUBLIC, "A", {}, rival),
    ]
    assert None not in crowds
    assert len(set(crowds)) == len(crowds)


@pytest.mark.parametrize(
    "asked",
    [
        "places { nodes { isMe } }",
        "places { edges { node { ...P } } }",
        "myPlace { rank }",
        "around { rank }",
        "friends { rank }",
        "places { nodes { isDisqualified } }",
        "places { nodes { member { id } } }",
    ],
)
def test_what_is_about_who_asks_is_shared_with_nobody(documents: Documents, asked: str) -> None:
    rest = "fragment P on BoardPlace { isMe }" if "...P" in asked else ""
    text = f'subscription {{ board(brand: "shop", code: "b") {{ size {asked} }} }} {rest}'
    assert crowd(documents, text, None, {}, ANA) is None
    # All who are nobody are the same.
    together = crowd(documents, text, None, {}, STRANGER) is not None
    assert together == ("isMe" in text)


def test_other_subscriptions_and_operations_are_shared_with_nobody(documents: Documents) -> None:
    for text in (
        "subscription { me { balance { total } } }",
        "subscription { me { displayName } }",
        'query { board(brand: "shop", code: "b") { size } }',
    ):
        assert crowd(documents, text, None, {}, ANA) is None
        assert crowd(documents, text, None, {}, STRANGER) is None
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"a": deep}
    assert crowd(documents, PUBLIC, "A", deep, STRANGER) is None


def test_of_nobody_only_brand_and_language_are_known() -> None:
    of = nobody(replace(ANA, address="10.0.0.1", language="vi", client="app/1"))
    assert of == Caller(Principal(home=SHOP), language="vi")
    named = {each.name for each in fields(Principal)}
    assert named == {"role", "home", "external_id", "account", "expires_at"}
