"""gql: a home screen, its older movements, a refusal."""

import asyncio
import os
from pathlib import Path

from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport

ADDRESS = os.environ.get("LAUREL_URL", "http://127.0.0.1:8000/graphql")
TOKEN = os.environ["LAUREL_TOKEN"]  # a member's, as an app has it
KEY = os.environ["LAUREL_KEY"]  # a till's: it never leaves the brand's servers
OPERATIONS = Path(__file__).parents[1] / "operations"


def operation(name: str, **variables: object) -> GraphQLRequest:
    """Return one of the operations, with what goes in."""
    return GraphQLRequest((OPERATIONS / f"{name}.graphql").read_text(), variable_values=variables)


def client(credentials: str) -> Client:
    """Return a client that calls with these credentials."""
    headers = {"authorization": f"Bearer {credentials}"}
    return Client(transport=AIOHTTPTransport(ADDRESS, headers=headers))


def show(movements: dict) -> None:
    """Print one page of movements."""
    for edge in movements["edges"]:
        print(f"  {edge['node']['reference']}: {edge['node']['points']}")


async def home() -> str:
    """Show the home screen and all older movements; return who the member is."""
    async with client(TOKEN) as app:
        me = (await app.execute(operation("home", first=2)))["me"]
        tier, points = me["tier"], me["balance"]["spendable"]
        print(f"{me['externalId']} has {points} points and is {tier['name']}.")
        for benefit in tier["benefits"]:
            print(f"  with it: {benefit['name']}")
        if above := tier["next"]:
            missing = above["missing"]
            print(f"{missing['value']} {missing['currency']} more make {above['name']}.")
        show(me["movements"])
        print("and before:")
        page = me["movements"]["pageInfo"]
        while page["hasNextPage"]:
            after = operation("older", first=2, after=page["endCursor"])
            movements = (await app.execute(after))["me"]["movements"]
            show(movements)
            page = movements["pageInfo"]
    return me["externalId"]


async def refused(member: str) -> None:
    """Send what is refused: that is data, with a code for the program and words for people."""
    name = f"example-{member}"
    purchase = {
        "externalId": name,
        "member": member,
        "occurredAt": "2026-03-02T12:00:00Z",
        "currency": "EUR",
        "lines": [{"amount": "12.50"}],
    }
    request = {"idempotencyKey": name, "purchases": [purchase]}
    async with client(KEY) as till:
        done = (await till.execute(operation("record", input=request)))["recordPurchases"]
    for error in [*done["errors"], *(outcome["error"] for outcome in done["outcomes"])]:
        if error:
            print(f"refused: {error['code']}: {error['message']}")


async def main() -> None:
    """Do all of it."""
    await refused(await home())


asyncio.run(main())
