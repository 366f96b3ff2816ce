"""Boards over GraphQL: places, who may see them, what members and staff change of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette

from api.boards import KEPT_SECONDS
from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from tests.support.boarding import closed, did, shown
from tests.support.client import Client, client_of
from tests.support.coherence import assert_coherent
from tests.support.scoring import board, programme
from tests.support.shop import opened_shop, purchase
from tests.support.statements import watched

WEEK = 'periods = ["week", "all"]\nrank = "competition"\nclose_after_hours = 1\n'
PRIZE = '[[leaderboards.board.prize]]\nperiod = "week"\npoints = "100"\n'
HIDDEN = 'periods = ["week"]\npublic = false\n'
CLUBS = 'periods = ["week"]\nof = "teams"\nteam = "club"\n'
LEAGUES = """
[leaderboards.leagues]
board = "spend"
size = 30
[[leaderboards.leagues.league]]
code = "bronze"
name = { en = "Bronze", vi = "Đồng" }
promote = 1
[[leaderboards.leagues.league]]
code = "silver"
name = "Silver"
relegate = 1
[leaderboards.fair_play]
[[leaderboards.fair_play.rate]]
most = 2
minutes = 60
"""
SPENT = {"ana": 5_000, "ben": 9_000, "cam": 5_000, "dan": 1_000}
PLACES = """
query ($first: Int, $after: Cursor, $last: Int, $before: Cursor, $code: String = "spend") {
  board(brand: "shop", code: $code, period: WEEK) {
    state size isFrozen
    places(first: $first, after: $after, last: $last, before: $before) {
      nodes { key rank name percent isMe score { value unit currency } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
MINE = """
{ board(brand: "shop", code: "spend", period: WEEK) {
    myPlace { rank percent isMe score { value } }
    around(reach: 1) { rank isMe score { value } }
    friends { rank isMe }
} }
"""
PRIVATE = '{ board(brand: "shop", code: "hidden") { size } boards(brand: "shop") { code } }'


@pytest.fixture
async def site(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> AsyncIterator[Client]:
    """A client of a shop with boards, on which four have spent something."""
    text = programme(
        board("spend", WEEK + PRIZE), board("hidden", HIDDEN), board("clubs", CLUBS), more=LEAGUES
    )
    shop = await opened_shop(database, clock, text)
    bought = [
        purchase(name, name, cents, clock.now() - timedelta(minutes=5 - place))
        for place, (name, cents) in enumerate(SPENT.items())
    ]
    await shop.buy(*bought)
    await shown(shop, runtime)
    yield await client_of(app, shop, Tokens(runtime.settings))
    await assert_coherent(database)


async def places(client: Client, token: str = "", /, **asked: object) -> Any:
    return (await client.ask(PLACES, token, **asked)).data["board"]


async def ranks(client: Client, code: str = "spend") -> list[tuple[int, str]]:
    """Return rank and score of every place."""
    found = (await places(client, first=100, code=code))["places"]["nodes"]
    return [(each["rank"], each["score"]["value"]) for each in found]


async def test_anybody_reads_places_without_learning_who_it_is(site: Client) -> None:
    found = await places(site)
    assert (found["state"], found["size"], found["isFrozen"]) == ("LIVE", "4", False)
    rows = found["places"]["nodes"]
    assert [(each["rank"], each["percent"], each["score"]["value"]) for each in rows] == [
        (1, 25, "90.00"),
        (2, 50, "50.00"),
        (2, 50, "50.00"),
        (4, 100, "10.00"),
    ]
    assert rows[0]["score"] == {"value": "90.00", "unit": "MONEY", "currency": "USD"}
    assert not any(each["isMe"] for each in rows)
    assert len({each["key"] for each in rows}) == len({each["name"] for each in rows}) == 4
    assert not {each["name"] for each in rows} & set(SPENT)


async def test_pages_by_cursor_from_both_ends(site: Client) -> None:
    every = (await places(site))["places"]["nodes"]
    first = (await places(site, first=3))["places"]
    assert first["nodes"] == every[:3]
    assert first["pageInfo"]["hasNextPage"]
    rest = (await places(site, first=3, after=first["pageInfo"]["endCursor"]))["places"]
    assert (rest["nodes"], rest["pageInfo"]["hasNextPage"]) == (every[3:], False)
    last = (await places(site, last=3))["places"]
    assert (last["nodes"], last["pageInfo"]["hasPreviousPage"]) == (every[1:], True)
    before = (await places(site, last=3, before=last["pageInfo"]["startCursor"]))["places"]
    assert (before["nodes"], before["pageInfo"]["hasPreviousPage"]) == (every[:1], False)


async def test_a_member_finds_the_own_place(site: Client) -> None:
    found = (await site.ask(MINE, site.member("ana"))).data["board"]
    mine = {"rank": 2, "isMe": True, "score": {"value": "50.00"}}
    assert found["myPlace"] == {**mine, "percent": 50}
    assert found["around"] == [
        {"rank": 1, "isMe": False, "score": {"value": "90.00"}},
        mine,
        {"rank": 2, "isMe": False, "score": {"value": "50.00"}},
    ]
    assert found["friends"] == [{"rank": 2, "isMe": True}]
    nodes = (await places(site, site.member("ana")))["places"]["nodes"]
    assert [each["isMe"] for each in nodes] == [False, True, False, False]


async def test_who_is_not_on_it_has_no_place(site: Client, other: Client) -> None:
    nobody: Any = {"myPlace": None, "around": [], "friends": []}
    assert (await site.ask(MINE, site.member("eve"))).data["board"] == nobody
    # Of another brand, where somebody of the same name is.
    assert (await other.ask(MINE, other.member("ana"))).data["board"] == nobody
    far = MINE.replace("reach: 1", "reach: 51")
    answer = await site.ask(far, site.member("ana"))
    assert answer.reasons == ["PAGE_SIZE_OUT_OF_RANGE"]


async def test_a_board_that_is_not_public_is_for_the_brand(site: Client, other: Client) -> None:
    seen = {"board": {"size": "4"}, "boards": [{"code": c} for c in ("spend", "hidden", "clubs")]}
    unseen = {"board": None, "boards": [{"code": "spend"}, {"code": "clubs"}]}
    for _ in range(2):
        # One after the other, while what was read is kept for all.
        for token in (site.member("ana"), site.server, site.staff):
            assert (await site.ask(PRIVATE, token)).data == seen
        assert (await site.ask(PRIVATE)).data == unseen
        for token in (other.member("ana"), other.server, other.staff):
            assert (await other.ask(PRIVATE, token)).data == unseen


async def test_the_brand_sees_who_it_is(site: Client, other: Client) -> None:
    query = """{ board(brand: "shop", code: "spend") {
      places { nodes { member { externalId } isDisqualified } } } }"""
    for token in (site.server, site.staff):
        rows = (await site.ask(query, token)).data["board"]["places"]["nodes"]
        assert [each["member"]["externalId"] for each in rows] == ["ben", "ana", "cam", "dan"]
    rows = (await other.ask(query, other.staff)).data["board"]["places"]["nodes"]
    assert [each["member"] for each in rows] == [None] * 4
    assert (await site.ask(query, site.member("ana"))).codes == ["FORBIDDEN"] * 2


async def test_a_team_has_the_place_of_its_members(site: Client, runtime: Runtime) -> None:
    mutation = "mutation ($i: AmendMembersInput!) { amendMembers(input: $i) { errors { code } } }"
    club = [{"name": "club", "value": {"text": "Reds"}}]
    given = [{"member": name, "attributes": club} for name in ("ana", "cam")]
    await site.ask(mutation, site.server, i={"idempotencyKey": "club", "members": given})
    await shown(site.shop, runtime)
    query = """{ board(brand: "shop", code: "clubs") {
      myPlace { name rank isMe score { value } } friends { name } } }"""
    found = (await site.ask(query, site.member("cam"))).data["board"]
    assert found["myPlace"] == {
        "name": "Reds",
        "rank": 1,
        "isMe": True,
        "score": {"value": "100.00"},
    }
    assert (await site.ask(query, site.member("ben"))).data["board"]["myPlace"] is None


HOME = """
{ me { boards { code isPublic period state size place { rank percent isMe } }
       boardAlias isHidden hiddenFrom
       league { league { code name promote } leagues { code } board isAway endsOn
                me { place outcome } cohort { place outcome isMe score { value } } } } }
"""


async def test_the_home_screen_has_every_board_and_the_league(site: Client) -> None:
    me = (await site.ask(HOME, site.member("ben"))).data["me"]
    on = {"period": "WEEK", "state": "LIVE", "size": "4"}
    first = {"rank": 1, "percent": 25, "isMe": True}
    assert me["boards"] == [
        {"code": "spend", "isPublic": True, "place": first, **on},
        {"code": "hidden", "isPublic": False, "place": first, **on},
        {"code": "clubs", "isPublic": True, "place": None, **on, "size": "0"},
    ]
    assert (me["boardAlias"], me["isHidden"], me["hiddenFrom"]) == (None, False, [])
    league = me["league"]
    assert league["league"] == {"code": "bronze", "name": "Bronze", "promote": 1}
    assert [each["code"] for each in league["leagues"]] == ["bronze", "silver"]
    assert (league["board"], league["isAway"]) == ("spend", False)
    assert league["me"] == {"place": 1, "outcome": "PROMOTED"}
    assert [(each["place"], each["outcome"], each["isMe"]) for each in league["cohort"]] == [
        (1, "PROMOTED", True),
        (2, "STAYED", False),
        (3, "STAYED", False),
        (4, "STAYED", False),
    ]


async def test_a_member_chooses_a_name(site: Client, runtime: Runtime) -> None:
    ana = site.member("ana")
    key = {"idempotencyKey": "name"}
    asked = "member { boardAlias }"
    done = {"errors": [], "member": {"boardAlias": "Mộc Lan"}}
    for _ in range(2):
        assert await did(site, "chooseBoardAlias", ana, asked, alias=" Mộc  Lan", **key) == done
    refused = [{"code": "IDEMPOTENCY_CONFLICT", "field": ["input", "idempotencyKey"]}]
    assert (await did(site, "chooseBoardAlias", ana, alias="Another", **key))["errors"] == refused
    wrong = {"mộc lan": "ALIAS_TAKEN", "!": "INVALID_ALIAS"}
    for alias, code in wrong.items():
        payload = await did(site, "chooseBoardAlias", site.member("ben"), alias=alias)
        assert payload["errors"] == [{"code": code, "field": ["input", "alias"]}], alias
    assert "Mộc Lan" in [each["name"] for each in (await places(site))["places"]["nodes"]]
    gone = await did(site, "removeBoardAlias", site.staff, asked, member="ana", reason="rude")
    assert gone == {"errors": [], "member": {"boardAlias": None}}
    payload = await did(site, "chooseBoardAlias", ana, alias="Mộc Lan")
    assert payload["errors"] == [{"code": "ALIAS_REMOVED", "field": ["input", "alias"]}]
    payload = await did(site, "removeBoardAlias", site.staff, member="ana", reason="rude")
    assert payload["errors"] == [{"code": "NO_ALIAS", "field": ["input", "member"]}]
    await shown(site.shop, runtime)


async def test_who_hides_is_not_listed(site: Client, runtime: Runtime) -> None:
    ben, asked = site.member("ben"), "member { isHidden hiddenFrom }"
    payload = await did(site, "hideFromBoards", ben, asked, board="spend")
    assert payload["member"] == {"isHidden": False, "hiddenFrom": ["spend"]}
    await shown(site.shop, runtime)
    assert await ranks(site) == [(1, "50.00"), (1, "50.00"), (3, "10.00")]
    assert (await site.ask(MINE, ben)).data["board"]["myPlace"] is None
    payload = await did(site, "hideFromBoards", site.server, asked, member="ben")
    assert payload["member"] == {"isHidden": True, "hiddenFrom": ["spend"]}
    payload = await did(site, "showOnBoards", ben, board="spend")
    assert payload["errors"] == [{"code": "HIDDEN_EVERYWHERE", "field": ["input", "board"]}]
    payload = await did(site, "showOnBoards", ben, asked)
    assert payload["member"] == {"isHidden": False, "hiddenFrom": []}
    await shown(site.shop, runtime)
    assert (await ranks(site))[0] == (1, "90.00")
    payload = await did(site, "hideFromBoards", ben, board="none")
    assert payload["errors"] == [{"code": "BOARD_NOT_FOUND", "field": ["input", "board"]}]


async def test_staff_ban_and_lift(
    site: Client, runtime: Runtime, other: Client, clock: MovableClock
) -> None:
    given = {"member": "ben", "reason": "he cheats"}
    assert (await did(site, "banFromBoards", site.staff, board="spend", **given))["errors"] == []
    await did(site, "excludeFromBoards", site.staff, member="dan", reason="he works here")
    await shown(site.shop, runtime)
    assert await ranks(site) == [(1, "50.00"), (1, "50.00")]
    clock.set(clock.now() + timedelta(seconds=1))
    assert (await did(site, "liftBan", site.staff, **given))["errors"] == []
    await did(site, "includeOnBoards", site.staff, member="dan", reason="no longer")
    await shown(site.shop, runtime)
    assert len(await ranks(site)) == 4
    payload = await did(site, "liftBan", site.staff, **given)
    assert payload["errors"] == [{"code": "NOT_BANNED", "field": ["input", "board"]}]
    payload = await did(other, "banFromBoards", other.staff, **given)
    assert payload["errors"] == [{"code": "UNKNOWN_MEMBER", "field": ["input", "member"]}]
    query = """query ($last: Int) { memberBy(by: {externalId: "ben"}) {
      boardChanges(last: $last) { nodes { kind board isOfOneWindow reason changedBy } } } }"""
    changes = (await site.ask(query, site.staff)).data["memberBy"]["boardChanges"]["nodes"]
    assert [(each["kind"], each["board"]) for each in changes] == [
        ("BAN_LIFTED", None),
        ("BANNED", "spend"),
    ]
    assert {each["reason"] for each in changes} == {"he cheats"}
    oldest = await site.ask(query, site.staff, last=1)
    assert oldest.data["memberBy"]["boardChanges"]["nodes"] == changes[1:]


async def test_leagues_are_left_and_entered(site: Client) -> None:
    ana, asked = site.member("ana"), "member { league { isAway me { place } } }"
    payload = await did(site, "leaveLeagues", ana, asked)
    assert payload["member"]["league"] == {"isAway": True, "me": {"place": 2}}
    payload = await did(site, "enterLeagues", ana, asked)
    assert payload["member"]["league"]["isAway"] is False


PAST = """query ($on: Date) { board(brand: "shop", code: "spend", period: WEEK, on: $on) {
  isFrozen state size endsOn myPlace { rank name }
  around(reach: 1) { rank } places(first: 2) { nodes { rank name score { value } } } } }"""


async def test_a_week_that_is_over_is_answered_from_its_results(
    site: Client, runtime: Runtime, clock: MovableClock
) -> None:
    day = site.shop.brand.day(clock.now()).isoformat()
    await did(site, "chooseBoardAlias", site.member("ben"), alias="Ben the First")
    clock.set(clock.now() + timedelta(days=8))
    await closed(site.shop)
    # Nothing of it is asked of Valkey any more.
    await runtime.valkey.flushall()
    await did(site, "chooseBoardAlias", site.member("ben"), alias="Another")
    found = (await site.ask(PAST, site.member("cam"), on=day)).data["board"]
    assert (found["isFrozen"], found["state"], found["size"]) == (True, "LIVE", "4")
    assert found["places"]["nodes"][0] == {
        "rank": 1,
        "name": "Ben the First",
        "score": {"value": "90.00"},
    }
    assert [each["rank"] for each in found["around"]] == [2, 2, 4]
    assert found["myPlace"]["rank"] == 2
    await did(site, "hideFromBoards", site.member("ben"))
    gone = PLACES.replace("period: WEEK", f'period: WEEK, on: "{day}"')
    names = (await site.ask(gone)).data["board"]["places"]["nodes"]
    assert [each["name"] == "Somebody" for each in names] == [True, False, False, False]
    place = {"board": "spend", "period": "WEEK", "on": day, "place": {"member": "ben"}}
    for _ in range(2):
        given = {"idempotencyKey": "out", "reason": "he cheated", **place}
        payload = await did(site, "disqualifyPlace", site.staff, "member { externalId }", **given)
        assert payload == {"errors": [], "member": {"externalId": "ben"}}
    payload = await did(site, "disqualifyPlace", site.staff, reason="again", **place)
    assert payload["errors"] == [{"code": "ALREADY_DISQUALIFIED", "field": ["input", "place"]}]
    today = site.shop.brand.day(clock.now()).isoformat()
    payload = await did(
        site, "disqualifyPlace", site.staff, reason="early", **{**place, "on": today}
    )
    assert payload["errors"] == [{"code": "WINDOW_NOT_FROZEN", "field": ["input", "on"]}]
    team = {**place, "place": {"team": "Reds"}, "reason": "none"}
    payload = await did(site, "disqualifyPlace", site.staff, **team)
    assert payload["errors"] == [{"code": "NOT_PLACED", "field": ["input", "place"]}]


async def test_a_key_is_the_same_for_ever_and_of_one_board(site: Client) -> None:
    async def keys(code: str) -> list[str]:
        found = (await site.ask(PLACES, site.staff, code=code)).data["board"]
        return [each["key"] for each in found["places"]["nodes"]]

    first = await keys("spend")
    await asyncio.sleep(KEPT_SECONDS)
    assert await keys("spend") == first
    assert not set(first) & set(await keys("hidden"))


async def test_who_is_erased_has_no_name_in_results(
    site: Client, runtime: Runtime, clock: MovableClock
) -> None:
    day = site.shop.brand.day(clock.now()).isoformat()
    await did(site, "chooseBoardAlias", site.member("ben"), alias="Ben the First")
    clock.set(clock.now() + timedelta(days=8))
    await closed(site.shop)
    query = PLACES.replace("period: WEEK", f'period: WEEK, on: "{day}"')
    assert "Ben the First" in (await site.ask(query)).body.decode()
    mutation = "mutation ($i: EraseMemberInput!) { eraseMember(input: $i) { errors { code } } }"
    given = {"idempotencyKey": "erase", "member": "ben", "reason": "asked"}
    await site.ask(mutation, site.staff, i=given)
    await shown(site.shop, runtime)
    board = (await site.ask(query)).data["board"]
    assert "Ben" not in str(board)
    first = board["places"]["nodes"][0]
    assert (first["rank"], first["score"]["value"]) == (1, "90.00")


@pytest.fixture
def statements() -> Iterator[list[str]]:
    with watched() as seen:
        yield seen


async def test_many_members_cost_as_many_statements_as_few(
    statements: list[str], site: Client
) -> None:
    asked = HOME.replace("me {", "members(first: $n) { nodes {", 1)[:-2] + "} }"
    query = f"query ($n: Int!) {asked}"
    numbers = []
    for many in (2, 4):
        statements.clear()
        found = (await site.ask(query, site.staff, n=many)).data["members"]["nodes"]
        assert all(len(each["boards"]) == 3 for each in found)
        assert len(found) == many
        numbers.append(len(statements))
    assert numbers[0] == numbers[1] <= 20
