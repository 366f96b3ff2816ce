"""Brands of few and of many members who have all that can be asked for, to be asked alike."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.auth import Role
from domain.earning.rules import Line, Purchase
from domain.members.service import NewMember
from tests.support.callers import granted
from tests.support.client import Client
from tests.support.company import Company, together
from tests.support.games import Games
from tests.support.redeeming import done
from tests.support.rewards import redeemed, wish
from tests.support.shop import cents, purchase

FEW, MANY = 3, 40
TWIN, LEAVER = "twin", "leaver"
AT = datetime(2026, 2, 20, tzinfo=UTC)


@dataclass
class Crowd:
    """A brand with so many members, each with some purchases."""

    client: Client
    size: int
    ids: list[str]
    own: str
    """The id of m1, the one member who asks."""
    grant: str
    code: str
    """Of a voucher of m1's, which ``done`` gave; ``held`` and ``waiting`` are not fulfilled."""
    done: str
    held: str
    waiting: str
    company: Company
    award: str
    prize: str
    """What m1 won in games, as everybody did."""

    def given(self, role: Role) -> dict[str, Any]:
        """Return the variables with which such a caller asks for this brand's members."""
        whose = {} if role is Role.MEMBER else {"member": "m1"}
        return {
            "input": {**whose, "currency": "USD", "lines": [{"amount": "9.00"}] * self.size},
            "id": self.own,
            "ids": self.ids,
            "by": {"externalId": "m1"},
            "brand": self.client.shop.brand.code,
            "code": self.code,
        }


async def crowd(client: Client, size: int) -> Crowd:
    """Let a brand have so many members."""
    each = (1, 2, 3, 4) if size == MANY else (1, 2)
    bought = [
        purchase(f"p{person}-{number}", f"m{person}", 1_000 * person, AT + timedelta(hours=number))
        for person in range(size)
        for number in each
    ]
    wide = Purchase("wide", "m1", AT, "USD", cents([1_000] * size))
    lines = tuple(Line(amount=100, category=name) for name in ("A", "B", "C", "D", "E"))
    aisles = [
        Purchase(f"aisles{n}", f"m{n}", AT + timedelta(hours=9), "USD", lines) for n in range(size)
    ]
    await client.shop.buy(*bought, wide, *aisles)
    await Games(client.shop).heard()
    page = await client.ask("{ members(first: 100) { nodes { id } } }", client.staff)
    ids = [node["id"] for node in page.data["members"]["nodes"]]
    assert len(ids) == size
    own = (await client.ask("{ me { id } }", client.member("m1"))).data["me"]["id"]
    grant = await granted(client, "m1", "Rouge")
    wishes = [wish(f"w{n}", f"m{n}", "welcome", is_staff=True) for n in range(size)]
    assert {each.state for each in await redeemed(client.shop, *wishes)} == {"fulfilled"}
    asked_for = await asked_for_by_m1(client)
    company = await together(client, size)
    await client.shop.enrol(*(NewMember(name, AT) for name in (TWIN, LEAVER)))
    # Codes are made when they are first asked for.
    await client.ask("{ members(first: 100) { nodes { referralCode } } }", client.staff)
    return Crowd(client, size, ids, own, grant, *asked_for, company, *await won_by_m1(client))


async def won_by_m1(client: Client) -> tuple[str, str]:
    """Return the ids of an award and of a prize."""
    query = "{ me { badges { nodes { id } } prizes(last: 1) { nodes { id } } } }"
    found = (await client.ask(query, client.member("m1"))).data["me"]
    return found["badges"]["nodes"][0]["id"], found["prizes"]["nodes"][0]["id"]


async def asked_for_by_m1(client: Client) -> tuple[str, str, str, str]:
    """Let m1 redeem; return a voucher's code and what was fulfilled, is held and waits."""
    mutation = "mutation ($i: AdjustPointsInput!) { adjustPoints(input: $i) { errors { code } } }"
    given = {"idempotencyKey": "rich", "member": "m1", "points": "90000", "reason": "a gift"}
    await client.ask(mutation, client.staff, i=given)
    found = []
    for reward, quantity in (("coffee", 1), ("cooking-class", 1), ("cooking-class", 14)):
        wanted = {"member": "m1", "reward": reward, "quantity": quantity}
        found.append((await done(client, "redeemReward", client.server, **wanted))["redemption"])
    assert [each["state"] for each in found] == ["FULFILLED", "HELD", "WAITING"]
    (voucher,) = found[0]["vouchers"]
    return voucher["code"], found[0]["id"], found[1]["id"], found[2]["id"]
