"""The API on a cluster of three masters: limits, persisted documents, boards; one master dies."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from api.runtime import Runtime
from api.tokens import Tokens
from gamification.leaderboards.rules_keys import root_key
from kit.buckets import Allowance, Buckets
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from kit.settings import Settings
from tests.support.boarding import shown
from tests.support.client import Client, client_of, on_valkey, serving
from tests.support.cluster import MASTERS, SLOTS, Master
from tests.support.coherence import assert_coherent
from tests.support.scoring import Boards, board, opened
from tests.support.shop import Shop, purchase

STILL = Allowance(capacity=100, per_second=0.001)
BOARD = """query Spend { board(brand: "shop", code: "spend") {
  state size places(first: 3) { nodes { rank score { value } } } } }"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """So little is allowed that a bucket takes a while to be full again, and its key to go."""
    return Settings(environment="development", data_dir=tmp_path, allowance=0.1)


@pytest.fixture
async def clustered(runtime: Runtime, cluster: list[Master]) -> AsyncIterator[Runtime]:
    """The parts of a process that knows one address of the cluster."""
    async with on_valkey(runtime, f"redis://127.0.0.1:{cluster[1].port}") as given:
        yield given


@pytest.fixture
async def shop(clustered: Runtime, database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    """A shop whose board has five places to be seen."""
    shop = (await opened(database, clock, board("spend", 'periods = ["all"]'))).shop
    await shop.buy(*(purchase(str(n), f"m{n}", 100 * n, clock.now()) for n in range(1, 6)))
    await shown(shop, clustered)
    yield shop
    await assert_coherent(database)


@pytest.fixture
async def client(clustered: Runtime, shop: Shop) -> AsyncIterator[Client]:
    async with serving(clustered) as app:
        yield await client_of(app, shop, Tokens(clustered.settings))


async def kept(master: Master) -> list[bytes]:
    async with master.client() as client:
        found: list[bytes] = await client.keys("*")
    return found


async def test_everything_works_on_a_cluster(
    client: Client, clustered: Runtime, cluster: list[Master]
) -> None:
    for n in range(1, 6):
        text = f"query Me{n} {{ me {{ externalId }} }}"
        name = hashlib.sha256(text.encode()).hexdigest()
        asked = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}}
        for member in (f"m{n}", f"m{6 - n}"):
            answer = await client.post({**asked, "query": text}, client.member(member))
            assert answer.data == {"me": {"externalId": member}}
    found = (await client.ask(BOARD)).data["board"]
    assert (found["state"], found["size"]) == ("LIVE", "5")
    assert found["places"]["nodes"][0] == {"rank": 1, "score": {"value": "5.00"}}
    assert (await client.send("GET", "/readyz")).json["valkey"] == "ready"
    names = [await kept(master) for master in cluster]
    for start in (b"bucket:", b"laurel:document:"):
        # No master has them all.
        shares = [sum(name.startswith(start) for name in each) for each in names]
        assert sorted(shares)[1] > 0, (start, shares)
    together = [Buckets(clustered.nodes) for _ in range(2)]
    key = str(new_id())
    levels = [(await each.take(key, 30, STILL)).available for each in together]
    assert levels == [70, 40]


async def test_a_master_that_dies_takes_its_own_keys_away_and_nothing_else(
    client: Client, clustered: Runtime, cluster: list[Master]
) -> None:
    ours, other = Buckets(clustered.nodes), Buckets(clustered.nodes)
    keys = [key_of(n) for n in range(3)]
    for key in keys:
        assert (await ours.take(key, 10, STILL)).available == 90
    # The one whose address is known from the beginning.
    cluster[1].kill()
    levels = [(await other.take(key, 10, STILL)).available for key in keys]
    assert levels == [80, 90, 80]
    for n in range(20):
        answer = await client.ask("query Me { me { externalId } }", client.member(f"x{n}"))
        assert answer.data == {"me": None}
    (window,) = await Boards(client.shop).windows()
    found = (await client.ask(BOARD)).data["board"]
    assert found["state"] == ("AWAY" if master_of(root_key(window.id)) == 1 else "LIVE")
    assert len(found["places"]["nodes"]) == (3 if found["state"] == "LIVE" else 0)
    ready = await client.send("GET", "/readyz")
    assert (ready.status, ready.json["valkey"]) == (200, "away")


def key_of(number: int) -> str:
    """Return a key whose bucket lies on a master."""
    while True:
        key = str(new_id())
        if master_of(f"bucket:{{{key}}}".encode()) == number:
            return key


def master_of(key: bytes) -> int:
    return int(key_slot(key)) * MASTERS // SLOTS
