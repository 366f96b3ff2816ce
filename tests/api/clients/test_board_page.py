"""A board's page and the element, in a real browser: here, and on a page of another site."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.served import Site

BYTES_MAX = 20_000
"""What a first visit may transfer, everything together: docs/boards.md."""


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """Wait longer than people would, for a busy machine's sake."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@asynccontextmanager
async def opened(browser: Browser, **settings: object) -> AsyncIterator[Page]:
    """Open a page; nothing in it may fail."""
    context = await browser.new_context(**settings)  # type: ignore[arg-type]
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    await context.close()
    assert not faults


def scores(page: Page) -> Locator:
    """Return the cells of scores, wherever they are."""
    return page.locator("td.score")


async def test_a_purchase_moves_the_page_without_reload(browser: Browser, site: Site) -> None:
    await site.buy("board-1", "bea", 90_000)
    async with opened(browser, locale="en") as page:
        await page.goto(f"{site.origin}/boards/grocer/spend?period=all")
        await expect(page.locator("laurel-board .status .live")).to_have_text("Live")
        await expect(scores(page).first).to_have_text("900.00 USD")
        first = await page.locator("td.name").first.text_content()
        await site.buy("board-2", "cal", 123_456)
        await expect(scores(page).first).to_have_text("1,234.56 USD")
        await expect(page.locator("td.name").first).not_to_have_text(first or "")
        await expect(page.locator("td.name").nth(1)).to_have_text(first or "")


async def test_the_page_is_whole_without_javascript(browser: Browser, site: Site) -> None:
    await site.buy("board-3", "dan", 50_000)
    async with opened(browser, java_script_enabled=False, locale="vi") as page:
        for _ in range(40):
            await page.goto(f"{site.origin}/boards/grocer/spend?period=all")
            if "500,00 USD" in await page.content():
                break
            await page.wait_for_timeout(500)
        await expect(page.get_by_role("table", name="Khách mua nhiều")).to_be_visible()
        await expect(page.get_by_role("columnheader")).to_have_text(["Hạng", "Tên", "Điểm"])
        assert re.fullmatch(r"[\d.]+,\d\d USD", await scores(page).first.text_content() or "")


async def test_any_site_can_show_a_board(browser: Browser, site: Site, pages: str) -> None:
    await site.buy("board-4", "eve", 10_000)
    async with opened(browser) as page:
        # The site has no icon, and the browser would say so.
        await page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        # Another origin than Laurel's, one that no setting names: a plain list of files.
        await page.goto(pages.replace("127.0.0.1", "localhost") + "/gql/")
        await page.evaluate(
            """module => {
                document.body.innerHTML = '<laurel-board brand="grocer" board="spend"'
                  + ' period="week" rows="50" lang="vi">Trống</laurel-board>';
                const script = document.createElement("script");
                script.type = "module";
                script.src = module;
                document.head.append(script);
            }""",
            f"{site.origin}/static/laurel-board.js",
        )
        row = page.locator("laurel-board td.score", has_text="100,00 USD")
        await expect(row).to_have_count(1)
        await expect(page.locator("laurel-board .status .live")).to_have_text("Trực tiếp")
        await site.buy("board-5", "eve", 5_500)
        await expect(row).to_have_count(0)
        await expect(page.locator("laurel-board td.score", has_text="155,00 USD")).to_have_count(1)


async def test_a_first_visit_transfers_little(browser: Browser, site: Site) -> None:
    async with opened(browser) as page:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        taken: list[float] = []
        session.on(
            "Network.loadingFinished", lambda event: taken.append(event["encodedDataLength"])
        )
        await page.goto(f"{site.origin}/boards/grocer/spend", wait_until="load")
        await expect(page.locator("laurel-board .status .live")).to_be_visible()
        assert 0 < sum(taken) <= BYTES_MAX, sum(taken)
