"""Households over GraphQL."""

from datetime import timedelta
from typing import Any

import pytest

from kit.ids import new_id
from tests.support.client import Client
from tests.support.family import HOUSEHOLD, done, founded, invited, joined, person
from tests.support.shop import purchase

NODE = "query ($id: ID!) { node(id: $id) { id __typename } }"


@pytest.fixture
async def family(client: Client) -> Client:
    """Four members; nobody is in a household yet."""
    await joined(client, "ann", "ben", "cid", "dan")
    return client


async def test_a_family_is_founded_and_shows_names_and_one_sum(family: Client) -> None:
    now = family.shop.clock.now()
    for name, amount in (("ann", 1_000), ("ben", 2_500)):
        await family.shop.buy(purchase(f"p {name}", name, amount, now))
    ann = family.member("ann")
    payload = await done(family, ann, "foundHousehold", f"household {{ {HOUSEHOLD} }}", name="Us")
    me = {"displayName": "ANN", "role": "OWNER", "isMe": True, "canSpend": True}
    assert payload == {"household": {"name": "Us", "people": [me]}, "errors": []}
    asked = await invited(family, "ann", "ben", "CHILD")
    query = "{ me { invitations { id householdName role invitedAt expiresAt } } }"
    ben = family.member("ben")
    assert (await family.ask(query, ben)).data["me"]["invitations"] == [
        {
            "id": asked,
            "householdName": "Us",
            "role": "CHILD",
            "invitedAt": "2026-03-02T12:00:00Z",
            "expiresAt": "2026-03-17T04:00:00Z",
        }
    ]
    payload = await done(
        family,
        ben,
        "answerInvitation",
        f"household {{ spendable {HOUSEHOLD} }} member {{ invitations {{ id }} }}",
        invitation=asked,
        accept=True,
    )
    people = [
        {**me, "isMe": False},
        {"displayName": "BEN", "role": "CHILD", "isMe": True, "canSpend": False},
    ]
    assert payload["household"] == {"spendable": "35", "name": "Us", "people": people}
    assert payload["member"] == {"invitations": []}


async def test_an_owner_gives_roles_lets_go_and_leaves(family: Client) -> None:
    await founded(family, "ann", "ben", "cid")
    ann, roles = family.member("ann"), "household { people { displayName role } }"
    ben, cid = await person(family, "ann", "ben"), await person(family, "ann", "cid")
    payload = await done(family, ann, "removeFromHousehold", roles, person=cid)
    people = payload["household"]["people"]
    assert [each["displayName"] for each in people] == ["ANN", "BEN"]
    payload = await done(family, ann, "changeHouseholdRole", roles, person=ben, role="OWNER")
    assert payload["household"]["people"] == [
        {"displayName": "BEN", "role": "OWNER"},
        {"displayName": "ANN", "role": "ADULT"},
    ]
    payload = await done(family, family.member("ben"), "leaveHousehold", roles)
    assert payload == {"household": None, "errors": []}
    found = await family.ask("{ me { household { id } } }", ann)
    assert found.data == {"me": {"household": None}}


async def test_who_says_no_is_asked_no_more(family: Client) -> None:
    await founded(family, "ann")
    asked = await invited(family, "ann", "ben")
    ben = family.member("ben")
    payload = await done(
        family, ben, "answerInvitation", "household { id }", invitation=asked, accept=False
    )
    assert payload == {"household": None, "errors": []}
    payload = await done(family, ben, "answerInvitation", invitation=asked, accept=True)
    assert payload["errors"] == [{"code": "INVITATION_NOT_FOUND", "field": ["input", "invitation"]}]


async def test_the_brand_acts_in_the_names_of_its_members(family: Client) -> None:
    asked, staff = "household { people { displayName } }", family.staff
    payload = await done(family, staff, "foundHousehold", asked, member="ann", name="Us")
    assert payload == {"household": {"people": [{"displayName": "ANN"}]}, "errors": []}
    payload = await done(
        family, family.server, "inviteToHousehold", "invitation { id }", member="ann", guest="ben"
    )
    given = {"member": "ben", "invitation": payload["invitation"]["id"], "accept": True}
    assert (await done(family, staff, "answerInvitation", **given))["errors"] == []
    query = (
        '{ memberBy(by: {externalId: "ann"}) { household { people { member { externalId } } } }}'
    )
    people = (await family.ask(query, family.server)).data["memberBy"]["household"]["people"]
    assert [each["member"]["externalId"] for each in people] == ["ann", "ben"]
    payload = await done(family, staff, "leaveHousehold", "member { externalId }", member="ben")
    assert payload["member"] == {"externalId": "ben"}
    nobody = await done(family, staff, "leaveHousehold")
    assert nobody["errors"] == [{"code": "INVALID_INPUT", "field": ["input", "member"]}]
    unknown = await done(family, staff, "leaveHousehold", member="nobody")
    assert unknown["errors"] == [{"code": "UNKNOWN_MEMBER", "field": ["input", "member"]}]


async def test_members_act_for_themselves_alone(family: Client) -> None:
    await founded(family, "ben")
    ann = family.member("ann")
    payload = await done(family, ann, "leaveHousehold", "member { id }", member="ben")
    errors = [{"code": "INVALID_INPUT", "field": ["input", "member"]}]
    assert payload == {"member": None, "errors": errors}
    asked = await invited(family, "ben", "cid")
    payload = await done(family, ann, "answerInvitation", invitation=asked, accept=True)
    assert payload["errors"][0]["code"] == "INVITATION_NOT_FOUND"
    home = await person(family, "ben", "ben")
    payload = await done(family, ann, "removeFromHousehold", person=home)
    assert payload["errors"] == [{"code": "NOT_IN_HOUSEHOLD", "field": ["input"]}]
    stranger = await done(family, family.member("nobody"), "foundHousehold", name="Mine")
    assert stranger["errors"] == [{"code": "UNKNOWN_MEMBER", "field": ["input", "member"]}]


async def test_of_others_in_it_a_member_sees_names_alone(family: Client) -> None:
    await founded(family, "ann", "ben")
    query = "{ me { household { people { member { externalId } } } } }"
    assert (await family.ask(query, family.member("ben"))).status == 403
    ann = await person(family, "ben", "ann")
    query = "query ($id: ID!) { node(id: $id) { ... on HouseholdPerson { displayName } } }"
    ben, cid = family.member("ben"), family.member("cid")
    assert (await family.ask(query, ben, id=ann)).data == {"node": {"displayName": "ANN"}}
    assert (await family.ask(query, cid, id=ann)).data == {"node": None}


async def test_what_a_household_has_can_be_fetched_by_those_in_it(family: Client) -> None:
    home = await founded(family, "ann", "ben")
    asked = await invited(family, "ann", "cid")
    ben = await person(family, "ann", "ben")
    seen = {"ann": {home, ben}, "ben": {home, ben}, "cid": {asked}, "dan": set()}
    for name, visible in seen.items():
        for each in (home, ben, asked):
            found = (await family.ask(NODE, family.member(name), id=each)).data["node"]
            assert (found and found["id"]) == (each if each in visible else None), name
    for token in (family.server, family.staff):
        kinds = [(await family.ask(NODE, token, id=each)).data for each in (home, ben, asked)]
        assert [each["node"]["__typename"] for each in kinds] == [
            "Household",
            "HouseholdPerson",
            "HouseholdInvitation",
        ]
    assert (await done(family, family.member("ann"), "leaveHousehold"))["errors"] == []
    for each in (home, ben, asked):
        assert (await family.ask(NODE, family.staff, id=each)).data == {"node": None}


async def test_a_key_is_each_members_own(family: Client) -> None:
    given: dict[str, Any] = {"idempotencyKey": "k", "name": "Us"}
    asked = "household { id }"
    ann, ben = family.member("ann"), family.member("ben")
    first = await done(family, ann, "foundHousehold", asked, **given)
    again = await done(family, ann, "foundHousehold", asked, **given)
    other = await done(family, ben, "foundHousehold", asked, **given)
    assert first["errors"] == []
    assert again == first
    assert other["errors"] == []
    assert other["household"]["id"] != first["household"]["id"]
    changed = await done(family, ann, "foundHousehold", **{**given, "name": "Them"})
    assert changed["errors"][0]["code"] == "IDEMPOTENCY_CONFLICT"
    # Another verb is another request, but the household knows its key.
    payload = await done(family, ann, "leaveHousehold", idempotencyKey="k")
    assert payload["errors"][0]["code"] == "IDEMPOTENCY_CONFLICT"


REFUSED: list[tuple[str, str, dict[str, Any], str, list[str]]] = [
    ("ann", "foundHousehold", {"name": "Us"}, "ALREADY_IN_HOUSEHOLD", []),
    ("dan", "foundHousehold", {"name": " "}, "INVALID_NAME", ["name"]),
    ("dan", "leaveHousehold", {}, "NOT_IN_HOUSEHOLD", []),
    ("dan", "inviteToHousehold", {"guest": "ann"}, "NOT_IN_HOUSEHOLD", []),
    ("ben", "inviteToHousehold", {"guest": "dan"}, "NOT_THE_OWNER", []),
    ("ann", "inviteToHousehold", {"guest": "nobody"}, "UNKNOWN_MEMBER", ["guest"]),
    ("ann", "inviteToHousehold", {"guest": "a\0"}, "UNKNOWN_MEMBER", ["guest"]),
    ("ann", "inviteToHousehold", {"guest": "ben"}, "ALREADY_IN_HOUSEHOLD", ["guest"]),
    ("ann", "inviteToHousehold", {"guest": "cid"}, "ALREADY_INVITED", ["guest"]),
    ("ann", "inviteToHousehold", {"guest": "dan", "role": "OWNER"}, "INVALID_ROLE", ["role"]),
    (
        "cid",
        "answerInvitation",
        {"invitation": "x", "accept": True},
        "INVITATION_NOT_FOUND",
        ["invitation"],
    ),
    ("ann", "removeFromHousehold", {"person": "x"}, "NOT_IN_HOUSEHOLD", ["person"]),
    ("ann", "changeHouseholdRole", {"person": "", "role": "CHILD"}, "NOT_IN_HOUSEHOLD", ["person"]),
]


async def test_what_is_refused_says_why_and_where(family: Client) -> None:
    await founded(family, "ann", "ben")
    await invited(family, "ann", "cid")
    for name, verb, given, code, path in REFUSED:
        payload = await done(family, family.member(name), verb, "member { id }", **given)
        errors = [{"code": code, "field": ["input", *path]}]
        assert payload == {"member": None, "errors": errors}, (name, verb)
    ann = await person(family, "ann", "ann")
    for verb, more in (("removeFromHousehold", {}), ("changeHouseholdRole", {"role": "ADULT"})):
        payload = await done(family, family.member("ann"), verb, person=ann, **more)
        assert payload["errors"] == [{"code": "IS_THE_OWNER", "field": ["input", "person"]}]


async def test_an_invitation_ends_and_who_left_waits(family: Client) -> None:
    await founded(family, "ann", "ben")
    await founded(family, "dan")
    asked = await invited(family, "ann", "cid")
    ben = family.member("ben")
    assert (await done(family, ben, "leaveHousehold"))["errors"] == []
    other = await invited(family, "dan", "ben")
    payload = await done(family, ben, "answerInvitation", invitation=other, accept=True)
    assert payload["errors"] == [{"code": "TOO_SOON", "field": ["input"]}]
    family.shop.clock.move(timedelta(days=15))
    cid = family.member("cid")
    payload = await done(family, cid, "answerInvitation", invitation=asked, accept=True)
    assert payload["errors"] == [{"code": "INVITATION_EXPIRED", "field": ["input", "invitation"]}]


async def test_who_is_asked_in_cannot_be_guessed(family: Client) -> None:
    # What somebody has guessed is remembered longer than a run takes.
    guesser = str(new_id())
    await joined(family, guesser)
    await founded(family, guesser)
    told: list[str] = []
    while len(told) < 150 and "TOO_MANY_GUESSES" not in told:
        token = family.member(guesser)
        payload = await done(family, token, "inviteToHousehold", guest=f"card {len(told)}")
        told.append(payload["errors"][0]["code"])
    assert set(told[:100]) == {"UNKNOWN_MEMBER"}
    assert told[-1] == "TOO_MANY_GUESSES"


async def test_another_brand_has_no_part_in_it(client: Client, other: Client) -> None:
    await joined(client, "ann", "ben")
    home = await founded(client, "ann")
    asked = await invited(client, "ann", "ben")
    ann = await person(client, "ann", "ann")
    for each in (home, asked, ann):
        for token in (other.staff, other.server, other.member("ann")):
            assert (await other.ask(NODE, token, id=each)).data == {"node": None}
    payload = await done(other, other.staff, "inviteToHousehold", member="ann", guest="ben")
    assert payload["errors"] == [{"code": "UNKNOWN_MEMBER", "field": ["input", "member"]}]
    await joined(other, "ann", "ben")
    for verb, given, code in (
        ("answerInvitation", {"member": "ben", "invitation": asked, "accept": True}, "INVITATION"),
        ("removeFromHousehold", {"member": "ann", "person": ann}, "NOT_IN_HOUSEHOLD"),
        ("changeHouseholdRole", {"member": "ann", "person": ann, "role": "CHILD"}, "NO"),
        ("leaveHousehold", {"member": "ann"}, "NOT_IN_HOUSEHOLD"),
        ("foundHousehold", {"member": "ann", "name": "Us"}, "NO_HOUSEHOLDS"),
    ):
        payload = await done(other, other.staff, verb, **given)
        assert payload["errors"][0]["code"].startswith(code), verb
    query = "{ members { nodes { household { id } invitations { id } } } }"
    nodes = (await other.ask(query, other.staff)).data["members"]["nodes"]
    assert nodes == [{"household": None, "invitations": []}] * 2
    await entered_after_all(client, asked)


async def entered_after_all(client: Client, asked: str) -> None:
    token = client.member("ben")
    payload = await done(client, token, "answerInvitation", invitation=asked, accept=True)
    assert payload["errors"] == []
