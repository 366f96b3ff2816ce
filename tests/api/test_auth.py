"""Credentials over HTTP: keys and tokens that hold, and all the others."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.brands import queries
from domain.brands.service import issue_keys, revoke_keys
from kit.db import Session
from kit.errors import InvalidInputError
from tests.support.client import Client, client_of

BRAND = "{ brand { code } }"


async def refused(client: Client, token: str) -> bool:
    answer = await client.ask(BRAND, token)
    assert answer.headers.get("www-authenticate") == 'Bearer error="invalid_token"'
    return (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_each_kind_of_caller_belongs_to_its_brand(client: Client, other: Client) -> None:
    for each in (client, other):
        for token in (each.server, each.staff, each.member("ana")):
            assert (await each.ask(BRAND, token)).data["brand"]["code"] == each.shop.brand.code


async def test_a_token_expires(client: Client) -> None:
    token = client.member("ana")
    client.shop.clock.move(timedelta(days=1, minutes=1))
    assert await refused(client, token)


async def test_a_token_for_a_brand_that_does_not_exist(client: Client) -> None:
    assert await refused(client, client.tokens.issue("none", "ana", client.shop.clock.now()))


async def test_a_revoked_key_is_useless_at_once(client: Client) -> None:
    brand, clock = client.shop.brand, client.shop.clock

    async def revoke(session: Session) -> set[UUID]:
        keys = await queries.keys(session, brand.id)
        ids = [key.id for key in keys if key.role == "server"]
        return await revoke_keys(session, clock.now(), brand, ids)

    assert (await client.ask(BRAND, client.server)).status == 200
    assert len(await client.shop.database.write(revoke)) == 1
    assert await refused(client, client.server)
    assert (await client.ask(BRAND, client.staff)).status == 200


async def test_a_brand_revokes_its_own_keys_only(client: Client, other: Client) -> None:
    async def revoke(session: Session) -> set[UUID]:
        keys = await queries.keys(session, client.shop.brand.id)
        ids = [key.id for key in keys]
        return await revoke_keys(session, client.shop.clock.now(), other.shop.brand, ids)

    assert await client.shop.database.write(revoke) == set()
    assert (await client.ask(BRAND, client.server)).status == 200


async def test_only_hashes_are_stored(client: Client) -> None:
    async with client.shop.database.read() as session:
        rows = await session.fetch("SELECT * FROM api_key")
    assert len(rows) == 2
    assert not any(client.server[3:] in repr(dict(row)) for row in rows)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "bearer lk_made-up",
        "Bearer x.y.z",
        "Bearer " + "x" * 9000,
    ],
)
async def test_headers_that_name_nobody(client: Client, header: str) -> None:
    answer = await client.post({"query": BRAND}, authorization=header)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_key_has_a_name(client: Client) -> None:
    for name in ("", " ", "a\0", "x" * 201):
        with pytest.raises(InvalidInputError):
            async with client.shop.database.transaction() as session:
                await issue_keys(
                    session, client.shop.clock.now(), client.shop.brand, [("staff", name)]
                )


async def test_two_sets_of_keys_differ(client: Client) -> None:
    again = await client_of(client.app, client.shop, client.tokens)
    assert len({client.server, client.staff, again.server, again.staff}) == 4
