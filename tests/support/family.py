"""Households over GraphQL: short ways to found one and to enter it."""

from datetime import UTC, datetime
from typing import Any

from domain.members.service import NewMember
from tests.support.client import Answer, Client
from tests.support.operations import fresh

SPRING = datetime(2026, 2, 20, 9, tzinfo=UTC)
HOUSEHOLD = "name people { displayName role isMe canSpend }"


async def joined(client: Client, *names: str) -> None:
    """Enrol members, greeted with their names in capitals."""
    await client.shop.enrol(*(NewMember(name, SPRING, name.upper()) for name in names))


async def sent(client: Client, token: str, verb: str, asked: str, **given: Any) -> Answer:
    """Do one thing under a key of its own, or under ``idempotencyKey``."""
    name = verb[0].upper() + verb[1:]
    mutation = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {asked} }} }}"
    return await client.ask(mutation, token, input={"idempotencyKey": fresh(), **given})


async def done(client: Client, token: str, verb: str, asked: str = "", **given: Any) -> Any:
    """Return the payload of what was done, ``errors`` among it."""
    answer = await sent(client, token, verb, f"{asked} errors {{ code field }}", **given)
    return answer.data[verb]


async def founded(client: Client, owner: str, *others: str) -> str:
    """Let a member found a household and the others enter it as adults; return its id."""
    payload = await done(
        client, client.member(owner), "foundHousehold", "household { id }", name=f"{owner}'s"
    )
    assert payload["errors"] == [], payload
    for name in others:
        await entered(client, owner, name)
    return str(payload["household"]["id"])


async def invited(client: Client, owner: str, guest: str, role: str = "ADULT") -> str:
    """Let an owner ask somebody in; return the invitation's id."""
    token = client.member(owner)
    payload = await done(
        client, token, "inviteToHousehold", "invitation { id }", guest=guest, role=role
    )
    assert payload["errors"] == [], payload
    return str(payload["invitation"]["id"])


async def entered(client: Client, owner: str, guest: str, role: str = "ADULT") -> None:
    """Let somebody be asked in and accept."""
    invitation = await invited(client, owner, guest, role)
    token = client.member(guest)
    payload = await done(client, token, "answerInvitation", invitation=invitation, accept=True)
    assert payload["errors"] == [], payload


async def person(client: Client, owner: str, name: str) -> str:
    """Return the id that somebody greeted so has in a member's household."""
    query = "{ me { household { people { id displayName } } } }"
    home = (await client.ask(query, client.member(owner))).data["me"]["household"]
    ids = {each["displayName"]: each["id"] for each in home["people"]}
    return str(ids[name.upper()])
