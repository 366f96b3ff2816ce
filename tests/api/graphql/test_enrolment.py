"""Who becomes a member and what is known of them, over GraphQL."""

from typing import Any

from tests.support.client import Client

KNOWN = """
externalId displayName joinedAt birthday region attributes { name value { text number flag } }
"""
ENROL = f"""
mutation Enrol($input: EnrolMembersInput!) {{
  enrolMembers(input: $input) {{
    outcomes {{ externalId status error {{ code field }} member {{ {KNOWN} }} }}
    errors {{ code field }}
  }}
}}
"""
AMEND = f"""
mutation Amend($input: AmendMembersInput!) {{
  amendMembers(input: $input) {{
    outcomes {{ externalId status error {{ code field }} member {{ {KNOWN} }} }}
    errors {{ code field }}
  }}
}}
"""
STARS = {"name": "stars", "value": {"number": "5"}}
ANA = {
    "externalId": "ana",
    "joinedAt": "2025-06-01T12:00:00Z",
    "displayName": "Ana Nguyễn",
    "birthday": "1990-02-28",
    "region": "CA-ON",
    "attributes": [
        STARS,
        {"name": "colour", "value": {"text": "red"}},
        {"name": "plus", "value": {"flag": True}},
        {"name": "share", "value": {"number": "0.25"}},
    ],
}


def shown(name: str, **value: object) -> dict[str, Any]:
    return {"name": name, "value": {"text": None, "number": None, "flag": None, **value}}


SHOWN = {
    **ANA,
    "attributes": [
        shown("colour", text="red"),
        shown("plus", flag=True),
        shown("share", number="0.25"),
        shown("stars", number="5"),
    ],
}


async def enrol(client: Client, *people: dict[str, Any], key: str = "k1") -> Any:
    given = {"idempotencyKey": key, "members": list(people)}
    return (await client.ask(ENROL, client.server, input=given)).data["enrolMembers"]


async def amend(client: Client, *changes: dict[str, Any], key: str = "a1") -> Any:
    given = {"idempotencyKey": key, "members": list(changes)}
    return (await client.ask(AMEND, client.staff, input=given)).data["amendMembers"]


async def test_people_are_enrolled_once(client: Client) -> None:
    payload = await enrol(client, ANA, {"externalId": "ben"}, {"externalId": "ben"})
    ana, ben, again = payload["outcomes"]
    assert ana == {"externalId": "ana", "status": "RECORDED", "error": None, "member": SHOWN}
    assert (ben["status"], ben["member"]["joinedAt"]) == ("RECORDED", "2026-03-02T12:00:00Z")
    assert (again["status"], again["member"]) == ("REPLAYED", ben["member"])
    other = {**ANA, "displayName": "Another"}
    (replayed,) = (await enrol(client, other, key="k2"))["outcomes"]
    assert (replayed["status"], replayed["member"]) == ("REPLAYED", SHOWN)
    own = await client.ask(f"{{ me {{ {KNOWN} }} }}", client.member("ana"))
    assert own.data == {"me": SHOWN}


REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"externalId": ""}, "INVALID_INPUT", ["externalId"]),
    ({"externalId": "a\0"}, "INVALID_INPUT", ["externalId"]),
    ({"joinedAt": "1969-12-31T00:00:00Z"}, "INVALID_DATE", ["joinedAt"]),
    ({"joinedAt": "2026-03-04T00:00:00Z"}, "INVALID_DATE", ["joinedAt"]),
    ({"birthday": "2026-03-03"}, "INVALID_DATE", ["birthday"]),
    ({"birthday": "1899-12-31"}, "INVALID_DATE", ["birthday"]),
    ({"displayName": " "}, "INVALID_INPUT", ["displayName"]),
    ({"region": "x" * 201}, "INVALID_INPUT", ["region"]),
    ({"attributes": [STARS, STARS]}, "ATTRIBUTE_UNUSABLE", ["attributes", "1", "name"]),
]


async def test_who_can_not_be_enrolled_does_not_disturb_the_others(client: Client) -> None:
    wrong = [{"externalId": f"m{place}", **each} for place, (each, _, _) in enumerate(REFUSED)]
    payload = await enrol(client, *wrong, ANA)
    *refused, good = payload["outcomes"]
    assert [each["error"] for each in refused] == [
        {"code": code, "field": ["input", "members", str(place), *field]}
        for place, (_, code, field) in enumerate(REFUSED)
    ]
    assert good["member"] == SHOWN
    page = await client.ask("{ members { nodes { externalId } } }", client.staff)
    assert page.data["members"]["nodes"] == [{"externalId": "ana"}]


async def test_what_is_known_changes_and_is_forgotten(client: Client) -> None:
    await enrol(client, ANA)
    change = {
        "member": "ana",
        "displayName": None,
        "region": "US-NY",
        "attributes": [{"name": "stars", "value": {"number": "4"}}],
        "forget": ["colour", "share", "never said"],
    }
    (outcome,) = (await amend(client, change))["outcomes"]
    known = {
        **SHOWN,
        "displayName": None,
        "region": "US-NY",
        "attributes": [shown("plus", flag=True), shown("stars", number="4")],
    }
    assert outcome == {"externalId": "ana", "status": "RECORDED", "error": None, "member": known}
    (again,) = (await amend(client, change, key="a2"))["outcomes"]
    assert (again["status"], again["member"]) == ("REPLAYED", known)
    (nothing,) = (await amend(client, {"member": "ana"}, key="a3"))["outcomes"]
    assert (nothing["status"], nothing["member"]) == ("REPLAYED", known)


async def test_changes_that_are_refused(client: Client) -> None:
    await enrol(client, ANA)
    wrong: list[tuple[dict[str, Any], str, list[str]]] = [
        ({"member": "ben"}, "UNKNOWN_MEMBER", ["member"]),
        ({"member": "a\0"}, "UNKNOWN_MEMBER", ["member"]),
        ({"birthday": "2030-01-01"}, "INVALID_DATE", ["birthday"]),
        ({"forget": ["x"] * 51}, "TOO_MANY_ATTRIBUTES", ["forget"]),
        ({"attributes": [STARS, STARS]}, "ATTRIBUTE_UNUSABLE", ["attributes", "1", "name"]),
    ]
    good = {"member": "ana", "region": "US-CA"}
    payload = await amend(client, *({"member": "ana", **each} for each, _, _ in wrong), good)
    *refused, last = payload["outcomes"]
    assert [each["error"] for each in refused] == [
        {"code": code, "field": ["input", "members", str(place), *field]}
        for place, (_, code, field) in enumerate(wrong)
    ]
    assert last["member"] == {**SHOWN, "region": "US-CA"}


async def test_lists_that_are_too_long(client: Client) -> None:
    many = [{"externalId": f"m{number}"} for number in range(251)]
    assert (await enrol(client, *many))["errors"] == [
        {"code": "TOO_MANY_MEMBERS", "field": ["input", "members"]}
    ]
