"""The start page and the explorer: what they show, and that they need nobody else."""

import re
from pathlib import Path

import orjson
import pytest

from api.pages.pages import HERE, STATIC
from tests.support.client import Client

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
EXAMPLE = {
    "title": "A <home> screen",
    "query": "{ me { id } }",
    "variables": {"name": "it's </script>"},
    "token": "the-token",
}


@pytest.fixture
def examples(client: Client, tmp_path: Path) -> Client:
    """A demonstration was loaded."""
    (tmp_path / "demo.json").write_bytes(orjson.dumps([EXAMPLE]))
    return client


async def page(client: Client, path: str) -> str:
    answer = await client.send("GET", path, headers=BROWSER)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    return answer.body.decode()


async def test_the_start_page_links_what_is_there(client: Client) -> None:
    text = await page(client, "/")
    links = re.findall(r'href="(/[^"]*)"', text)
    assert {"/graphql", "/schema.graphql", "/readyz", "/metrics"} <= set(links)
    for link in links:
        assert (await client.send("GET", link, headers=BROWSER)).status == 200
    assert "laurel demo" in text


async def test_the_start_page_shows_examples_to_copy(examples: Client) -> None:
    text = await page(examples, "/")
    assert "A &lt;home&gt; screen" in text
    assert "Authorization: Bearer the-token" in text
    assert "<home>" not in text
    assert "it&#x27;\\&#x27;&#x27;s" in text


async def test_the_explorer_has_the_examples(examples: Client) -> None:
    text = await page(examples, "/graphql")
    found = re.search(r'<script type="application/json" id="examples">(.*?)</script>', text)
    assert found
    assert orjson.loads(found[1]) == [EXAMPLE]


async def test_the_explorer_needs_nobody_else(client: Client) -> None:
    text = await page(client, "/graphql")
    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(sources) == 7
    for source in sources:
        answer = await client.send("GET", source)
        assert (answer.status, len(answer.body) > 0) == (200, True)
    assert "//" not in "".join(sources)


async def test_examples_that_cannot_be_read(client: Client, tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{")
    assert "Try it" not in await page(client, "/")


async def test_a_program_gets_no_page(client: Client) -> None:
    answer = await client.send("GET", "/graphql", headers={"accept": "application/json"})
    assert answer.status == 400


async def test_the_schema_is_there_as_text(client: Client) -> None:
    answer = await client.send("GET", "/schema.graphql")
    assert answer.body.decode() == (HERE.parent / "graphql" / "schema.graphql").read_text()


def test_kept_copies_stay_small() -> None:
    size = sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file())
    assert size < 2_500_000
