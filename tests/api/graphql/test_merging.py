"""Members made one and members forgotten, as staff and servers ask for it."""

from typing import Any

from kit.db import Database
from tests.support.client import Client
from tests.support.coherence import assert_coherent
from tests.support.operations import fresh
from tests.support.shop import purchase

ERRORS = "errors { code field }"


async def sent(client: Client, token: str, verb: str, asked: str, **given: Any) -> Any:
    name = verb[0].upper() + verb[1:]
    mutation = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {asked} {ERRORS} }} }}"
    wanted = {"idempotencyKey": fresh(), "reason": "as the person asked", **given}
    return (await client.ask(mutation, token, input=wanted)).data[verb]


async def test_an_old_card_shows_the_member_who_is_left(client: Client, database: Database) -> None:
    now = client.shop.clock.now()
    await client.shop.buy(purchase("1", "old", 30_00, now), purchase("2", "new", 20_00, now))
    asked = "member { externalId balance { total } }"
    done = await sent(client, client.server, "mergeMembers", asked, keep="new", absorb="old")
    assert done == {"member": {"externalId": "new", "balance": {"total": "50"}}, "errors": []}
    query = '{ memberBy(by: {externalId: "old"}) { externalId movements { nodes { points } } } }'
    found = (await client.ask(query, client.staff)).data["memberBy"]
    assert found["externalId"] == "new"
    assert sorted(each["points"] for each in found["movements"]["nodes"]) == ["20", "30"]
    me = (await client.ask("{ me { externalId } }", client.member("old"))).data["me"]
    assert me == {"externalId": "new"}
    again = await sent(client, client.staff, "mergeMembers", "", keep="old", absorb="new")
    assert again["errors"] == [{"code": "ALREADY_MERGED", "field": ["input", "absorb"]}]
    await assert_coherent(database)


async def test_who_was_erased_is_not_found_and_old_tokens_are_refused(
    client: Client, database: Database
) -> None:
    now = client.shop.clock.now()
    await client.shop.buy(purchase("1", "ann", 30_00, now))
    old = client.member("ann")
    done = await sent(
        client, client.staff, "eraseMember", "erasure { status points }", member="ann"
    )
    assert done == {"erasure": {"status": "RECORDED", "points": "30"}, "errors": []}
    assert (
        await client.ask('{ memberBy(by: {externalId: "ann"}) { id } }', client.staff)
    ).data == {"memberBy": None}
    await client.shop.buy(purchase("2", "ann", 5_00, now))
    refused = await client.ask("{ me { id } }", old)
    assert refused.status == 401
    again = await sent(client, client.staff, "eraseMember", "erasure { status }", member="nobody")
    assert again["errors"] == [{"code": "UNKNOWN_MEMBER", "field": ["input", "member"]}]
    await assert_coherent(database)
