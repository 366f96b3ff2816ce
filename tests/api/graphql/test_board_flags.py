"""Flags over GraphQL: who sees them, and what a decision does."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette

from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from tests.support.boarding import did, shown
from tests.support.client import Client, client_of
from tests.support.coherence import assert_coherent
from tests.support.games import Games
from tests.support.scoring import board, programme
from tests.support.shop import opened_shop, purchase

RULES = """
[leaderboards.fair_play]
[[leaderboards.fair_play.rate]]
on = "purchase"
most = 2
minutes = 60
"""
FLAGS = """
query ($states: [FlagState!], $last: Int) { flags(states: $states, last: $last) { nodes {
  id state rule beginsAt endsAt count reviewedBy reviewNote
  happenings { externalId kind amount { amount currency } }
  member { externalId } } } }
"""


@pytest.fixture
async def site(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> AsyncIterator[Client]:
    """A client of a shop where ana buys three times in three minutes, and later ben does."""
    text = programme(board("spend", 'periods = ["week"]'), more=RULES)
    shop = await opened_shop(database, clock, text)
    for name in ("ana", "ben"):
        now = clock.now()
        times = [now - timedelta(minutes=each) for each in (3, 2, 1)]
        await shop.buy(*(purchase(f"{name}{at}", name, 500, at) for at in times))
        await Games(shop).heard()
        clock.set(now + timedelta(minutes=5))
    await shown(shop, runtime)
    yield await client_of(app, shop, Tokens(runtime.settings))
    await assert_coherent(database)


async def test_staff_read_flags_newest_first(site: Client, other: Client) -> None:
    nodes = (await site.ask(FLAGS, site.staff)).data["flags"]["nodes"]
    assert [each["member"]["externalId"] for each in nodes] == ["ben", "ana"]
    ana = nodes[1]
    assert (ana["state"], ana["rule"], ana["count"]) == ("OPEN", "rate:purchase:2/60", "3")
    assert (ana["beginsAt"], ana["endsAt"]) == ("2026-03-02T11:57:00Z", "2026-03-02T11:59:00Z")
    assert [each["amount"] for each in ana["happenings"]] == (
        [{"amount": "5.00", "currency": "USD"}] * 3
    )
    assert (await site.ask(FLAGS, site.staff, last=1)).data["flags"]["nodes"] == nodes[1:]
    assert (await site.ask(FLAGS, site.staff, states=["CLEARED"])).data["flags"]["nodes"] == []
    for token in (site.server, site.member("ana")):
        assert "FORBIDDEN" in (await site.ask(FLAGS, token)).codes
    assert (await other.ask(FLAGS, other.staff)).data["flags"]["nodes"] == []
    node = "query ($id: ID!) { node(id: $id) { id } }"
    mine = {"node": {"id": ana["id"]}}
    assert (await site.ask(node, site.staff, id=ana["id"])).data == mine
    for client, token in ((site, site.server), (site, site.member("ana")), (other, other.staff)):
        assert (await client.ask(node, token, id=ana["id"])).data == {"node": None}


async def test_staff_decide_once(site: Client, other: Client, runtime: Runtime) -> None:
    nodes = (await site.ask(FLAGS, site.staff)).data["flags"]["nodes"]
    ben, ana = (each["id"] for each in nodes)
    asked = "flag { state reviewNote }"
    given = {"flag": ana, "confirm": True, "note": "a robot", "idempotencyKey": "k"}
    done = {"errors": [], "flag": {"state": "CONFIRMED", "reviewNote": "a robot"}}
    for _ in range(2):
        assert await did(site, "reviewFlag", site.staff, asked, **given) == done
    cleared = await did(site, "reviewFlag", site.staff, asked, flag=ben, confirm=False)
    assert cleared["flag"] == {"state": "CLEARED", "reviewNote": None}
    payload = await did(site, "reviewFlag", site.staff, flag=ben, confirm=True)
    assert payload["errors"] == [{"code": "NOT_OPEN", "field": ["input", "flag"]}]
    for client, flag in ((site, "none"), (other, ana)):
        payload = await did(client, "reviewFlag", client.staff, flag=flag, confirm=True)
        assert payload["errors"] == [{"code": "FLAG_NOT_FOUND", "field": ["input", "flag"]}]
    await shown(site.shop, runtime)
    query = """{ board(brand: "shop", code: "spend") {
      places { nodes { member { externalId } } } } }"""
    rows = (await site.ask(query, site.staff)).data["board"]["places"]["nodes"]
    assert [each["member"]["externalId"] for each in rows] == ["ben"]
    history = """{ memberBy(by: {externalId: "ana"}) { isHidden hiddenFrom
      boardChanges { nodes { kind board isOfOneWindow reason } } } }"""
    member = (await site.ask(history, site.staff)).data["memberBy"]
    banned = {"kind": "BANNED", "board": "spend", "isOfOneWindow": True, "reason": "a robot"}
    assert member == {"isHidden": False, "hiddenFrom": [], "boardChanges": {"nodes": [banned]}}
