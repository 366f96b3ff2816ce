"""gql: a member's points, printed at once and after each change, until it is interrupted."""

import asyncio
import os
from pathlib import Path

from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

ADDRESS = os.environ.get("LAUREL_URL", "http://127.0.0.1:8000/graphql").replace("http", "ws", 1)
TOKEN = os.environ["LAUREL_TOKEN"]
LIVE = Path(__file__).parents[1] / "operations" / "live.graphql"


async def main() -> None:
    """Follow the subscription."""
    transport = WebsocketsTransport(ADDRESS, init_payload={"authorization": f"Bearer {TOKEN}"})
    async with Client(transport=transport) as session:
        async for answer in session.subscribe(gql(LIVE.read_text())):
            me = answer["me"]
            print(f"{me['balance']['spendable']} points, {me['tier']['name']}", flush=True)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("Followed no longer.")
except TransportConnectionFailed as error:
    # Such as that the token is not valid: the server says so as it closes.
    raise SystemExit(f"Not connected: {error.__cause__ or error}") from None
