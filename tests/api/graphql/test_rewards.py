"""The catalogue: what anybody reads, what a member sees of it and why not, what is left of it."""

from typing import Any

import pytest

from kit.clock import MovableClock
from tests.support.client import Client
from tests.support.redeeming import done
from tests.support.shop import purchase

SHOWN = """
query ($category: String) {
  me { catalogue(category: $category) { nodes {
    reward {
      code kind name description terms picture article partnerStatus percent gives limits tiers
      category { code name } price { points money { amount currency } } value { amount }
      birthdayDays from until early { tier from } fulfilment returnDays
      validity { days months until }
    }
    canRedeem left limitLeft donated whyNot { code message missing from }
  } } }
}
"""
SEEN = """
{ me { catalogue(first: 20) { nodes {
  reward { code } canRedeem left limitLeft donated whyNot { code missing from }
} } } }
"""


async def seen(client: Client, member: str) -> dict[str, Any]:
    """Return what a member sees, by reward."""
    data = (await client.ask(SEEN, client.member(member))).data
    return {each["reward"].pop("code"): each for each in data["me"]["catalogue"]["nodes"]}


async def ask_in(client: Client, language: str, query: str, **variables: object) -> Any:
    content = {"query": query, "variables": variables}
    token = client.member("ana")
    return (await client.post(content, token, **{"accept-language": language})).data


@pytest.mark.parametrize(
    ("language", "name", "category", "description"),
    [("en", "A tea", "Drinks", "Any size."), ("vi", "Một ly trà", "Đồ uống", "Mọi cỡ.")],
)
async def test_a_reward_in_the_readers_language(
    cafe: Client, language: str, name: str, category: str, description: str
) -> None:
    data = await ask_in(cafe, language, SHOWN, category="drinks")
    assert data["me"]["catalogue"]["nodes"] == [
        {
            "reward": {
                "code": "tea",
                "kind": "FREE_PRODUCT",
                "name": name,
                "description": description,
                "terms": "Not with other offers.",
                "picture": "https://example.com/tea.png",
                "article": "TEA",
                "partnerStatus": None,
                "percent": None,
                "gives": None,
                "limits": [],
                "tiers": [],
                "category": {"code": "drinks", "name": category},
                "price": {"points": "100", "money": None},
                "value": None,
                "birthdayDays": None,
                "from": None,
                "until": None,
                "early": [],
                "fulfilment": "AT_ONCE",
                "returnDays": 14,
                "validity": {"days": 30, "months": None, "until": None},
            },
            "canRedeem": True,
            "left": None,
            "limitLeft": None,
            "donated": None,
            "whyNot": None,
        }
    ]
    assert (await ask_in(cafe, language, SHOWN, category="none"))["me"] == {
        "catalogue": {"nodes": []}
    }


def can(**known: object) -> dict[str, Any]:
    item = {"reward": {}, "canRedeem": True, "left": None, "limitLeft": None, "donated": None}
    return item | {"whyNot": None} | known


def cannot(code: str, *, missing: object = None, from_: object = None, **known: object) -> Any:
    why = {"code": code, "missing": missing, "from": from_}
    return can(canRedeem=False, whyNot=why, **known)


async def test_what_members_may_have_and_why_not(cafe: Client, clock: MovableClock) -> None:
    await cafe.shop.buy(purchase("p3", "gold", 1_200_00, clock.now()))
    assert await seen(cafe, "ben") == {
        "tea": can(),
        "card": cannot("INSUFFICIENT_POINTS", missing="80", limitLeft="1"),
        "class": cannot("INSUFFICIENT_POINTS", missing="30", left="1"),
        "spring": cannot("NOT_YET", from_="2026-03-20T04:00:00Z"),
        "cake": cannot("NOT_YOUR_BIRTHDAY"),
        "lounge": cannot("TIER_REQUIRED"),
        "spa": cannot("OUT_OF_STOCK", left="0"),
        "meal": can(donated="0"),
        "grand": cannot("INSUFFICIENT_POINTS", missing="380"),
    }
    gold = await seen(cafe, "gold")
    assert gold["lounge"] == can()
    assert gold["spring"] == cannot("NOT_YET", from_="2026-03-10T04:00:00Z")


async def test_what_was_taken_is_seen_at_once(cafe: Client) -> None:
    for code in ("card", "class", "meal"):
        await done(cafe, "redeemReward", cafe.server, member="ana", reward=code)
    ana = await seen(cafe, "ana")
    assert ana["card"] == cannot("LIMIT_REACHED", limitLeft="0")
    assert ana["class"] == cannot("OUT_OF_STOCK", left="0")
    assert ana["meal"] == can(donated="50")


async def test_why_not_is_told_in_the_readers_language(cafe: Client) -> None:
    query = "{ me { catalogue { nodes { reward { code } whyNot { message } } } } }"
    told = {}
    for language in ("en", "vi"):
        nodes = (await ask_in(cafe, language, query))["me"]["catalogue"]["nodes"]
        told[language] = {each["reward"]["code"]: each["whyNot"] for each in nodes}["spa"]
    assert told == {
        "en": {"message": "Not enough of this reward is left. Please choose another one."},
        "vi": {
            "message": "Phần thưởng này không còn đủ. Vui lòng chọn phần thưởng khác.",
        },
    }


PAGE = """
query ($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  me { catalogue(first: $first, after: $after, last: $last, before: $before) {
    nodes { reward { code } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}
"""


async def test_the_catalogue_comes_in_pages_both_ways(cafe: Client) -> None:
    async def page(**given: object) -> Any:
        data = (await cafe.ask(PAGE, cafe.member("ana"), **given)).data["me"]["catalogue"]
        return [each["reward"]["code"] for each in data["nodes"]], data["pageInfo"]

    codes, info = await page(first=4)
    assert codes == ["tea", "card", "class", "spring"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    codes, info = await page(first=9, after=info["endCursor"])
    assert codes == ["cake", "lounge", "spa", "meal", "grand"]
    assert not info["hasNextPage"]
    codes, info = await page(last=2, before=info["startCursor"])
    assert codes == ["class", "spring"]
    assert info["hasPreviousPage"]
    refused = await cafe.ask(PAGE, cafe.member("ana"), first=1, after="bm9uZQ")
    assert refused.reasons == ["CURSOR_INVALID"]


PUBLIC = """
query ($brand: String!) {
  programme(brand: $brand) {
    rewardCategories { code name }
    rewards(first: 3) { nodes { id code name price { points } } pageInfo { hasNextPage } }
  }
}
"""


async def test_anybody_reads_the_rewards_of_a_programme(cafe: Client) -> None:
    data = (await cafe.ask(PUBLIC, "", brand="cafe")).data["programme"]
    assert data["rewardCategories"] == [{"code": "drinks", "name": "Drinks"}]
    assert [each.pop("code") for each in data["rewards"]["nodes"]] == ["tea", "card", "class"]
    assert data["rewards"]["pageInfo"] == {"hasNextPage": True}
    tea = data["rewards"]["nodes"][0]
    query = "query ($id: ID!) { node(id: $id) { id ... on Reward { name price { points } } } }"
    assert (await cafe.ask(query, cafe.member("ana"), id=tea["id"])).data == {"node": tea}


SUPPLY = """
{ rewards { nodes {
  reward { code } isListed stock taken left donated pool { name codes free }
} } }
"""


async def test_the_brand_sees_what_is_left_of_all_its_rewards(cafe: Client) -> None:
    await done(cafe, "addPoolCodes", cafe.server, pool="spa", codes=["S1", "S2"])
    for code in ("class", "spa", "meal"):
        await done(cafe, "redeemReward", cafe.server, member="ana", reward=code)
    for token in (cafe.server, cafe.staff):
        nodes = (await cafe.ask(SUPPLY, token)).data["rewards"]["nodes"]
        found = {each["reward"].pop("code"): each for each in nodes}
        plain = {"reward": {}, "isListed": True, "stock": None, "taken": None, "left": None}
        plain |= {"donated": None, "pool": None}
        assert found["class"] == plain | {"stock": "1", "taken": "1", "left": "0"}
        assert found["spa"] == plain | {"pool": {"name": "spa", "codes": "2", "free": "1"}}
        assert found["meal"] == plain | {"donated": "50"}
        assert found["secret"] == plain | {"isListed": False}
        assert found["winter"] == plain
        assert len(found) == 11
    answer = await cafe.ask(SUPPLY, cafe.member("ana"))
    assert answer.codes == ["FORBIDDEN"] * len(answer.codes)
