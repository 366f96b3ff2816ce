"""What a document costs us that nobody sent before; that it is charged: `test_engine.py`."""

from api.demo.queries import _HOME as HOME
from tests.support.client import Client
from tests.support.cpu import beside
from tests.support.shop import purchase

TIMES_MAX = 1.8


async def test_an_unknown_document_costs_little_more_than_a_known_one(client: Client) -> None:
    await client.shop.buy(purchase("p1", "ana", 12_345, client.shop.clock.now()))
    token = client.member("ana")
    assert (await client.ask(HOME, token)).data["me"]["externalId"] == "ana"
    known, unknown = await beside(
        lambda _: client.ask(HOME, token),
        lambda number: client.ask(f"{HOME}# {number}", token),
        60,
    )
    assert unknown <= TIMES_MAX * known, f"{known:.1f} and {unknown:.1f} ms"
