"""The versions of a brand's programme, for its staff."""

from datetime import timedelta

from tests.support.client import Client
from tests.support.shop import ROOT

VERSIONS = """
query Versions($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  programmeVersions(first: $first, after: $after, last: $last, before: $before) {
    nodes { id effectiveFrom appliedAt appliedBy document changes }
    pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
  }
}
"""
GROCER = (ROOT / "programmes" / "grocer.toml").read_text()
DOUBLE = GROCER.replace('points = "1"  ', 'points = "2"  ', 1)


async def applied(client: Client) -> None:
    now = client.shop.clock.now()
    await client.shop.apply(DOUBLE, now + timedelta(days=1))
    await client.shop.apply(GROCER, now + timedelta(days=2))


async def test_what_each_version_changed(client: Client) -> None:
    await applied(client)
    found = (await client.ask(VERSIONS, client.staff)).data["programmeVersions"]
    third, second, first = found["nodes"]
    assert second["changes"] == ['earning.points: "1" → "2"']
    assert third["changes"] == ['earning.points: "2" → "1"']
    assert first["changes"][0] == 'brand.code: (not set) → "grocer"'
    assert any('tiers.benefit "Birthday cake": added' in each for each in first["changes"])
    assert {name: second[name] for name in ("effectiveFrom", "appliedAt", "appliedBy")} == {
        "effectiveFrom": "2026-03-03T12:00:00Z",
        "appliedAt": "2026-03-02T12:00:00Z",
        "appliedBy": "test",
    }
    assert (second["document"], third["document"]) == (DOUBLE, GROCER)


async def test_versions_come_in_pages(client: Client) -> None:
    await applied(client)

    async def page(**asked: object) -> tuple[list[str], dict[str, object]]:
        found = (await client.ask(VERSIONS, client.staff, **asked)).data["programmeVersions"]
        return [each["effectiveFrom"][:10] for each in found["nodes"]], found["pageInfo"]

    days, info = await page(first=2)
    assert (days, info["hasNextPage"]) == (["2026-03-04", "2026-03-03"], True)
    days, info = await page(first=2, after=info["endCursor"])
    assert (days, info["hasNextPage"]) == (["2010-01-01"], False)
    days, info = await page(last=1)
    assert (days, info["hasPreviousPage"]) == (["2010-01-01"], True)
    days, info = await page(last=5, before=info["startCursor"])
    assert (days, info["hasPreviousPage"]) == (["2026-03-04", "2026-03-03"], False)


async def test_a_version_is_an_object_with_an_id(client: Client) -> None:
    found = (await client.ask(VERSIONS, client.staff)).data["programmeVersions"]["nodes"][0]
    query = "query ($id: ID!) { node(id: $id) { id ... on ProgrammeVersion { appliedBy } } }"
    node = {"id": found["id"], "appliedBy": "test"}
    assert (await client.ask(query, client.staff, id=found["id"])).data == {"node": node}
    plain = "query ($id: ID!) { node(id: $id) { id } }"
    for caller in (client.server, client.member("ana")):
        assert (await client.ask(plain, caller, id=found["id"])).data == {"node": None}
