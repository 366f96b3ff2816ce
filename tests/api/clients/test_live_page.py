"""The page that follows a member's points, in a real browser."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.served import Site

pytestmark = pytest.mark.usefixtures("clients")


@pytest.fixture
async def page(browser: Browser, pages: str) -> AsyncIterator[Page]:
    page = await browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(f"{pages}/live/")
    yield page
    await page.close()
    assert not faults


async def follow(page: Page, site: Site, token: str, way: str) -> None:
    await page.get_by_label("Address").fill(site.address)
    await page.get_by_label("A member's token").fill(token)
    await page.get_by_label("Over").select_option(way)
    await page.get_by_role("button").click()


@pytest.mark.parametrize("way", ["socket", "events"])
async def test_points_change_on_the_page(page: Page, site: Site, way: str) -> None:
    await site.buy(f"{way}-1", way, 7_700)
    await follow(page, site, site.member(way), way)
    # An <output> has the role of a status, too.
    points, status = page.locator("output"), page.locator("p[role=status]")
    await expect(points).to_have_text("77")
    await expect(status).to_have_text("Insider")
    await site.buy(f"{way}-2", way, 30_000)
    await expect(points).to_have_text("377")
    await expect(status).to_have_text("VIB")


@pytest.mark.parametrize("way", ["socket", "events"])
async def test_a_refusal_is_told_on_the_page(page: Page, site: Site, way: str) -> None:
    await follow(page, site, "nothing", way)
    status = page.locator("p[role=status]")
    await expect(status).to_contain_text("The token is not valid here, or has expired.")
    await expect(page.locator("output")).to_have_text("—")


@pytest.mark.parametrize("way", ["socket", "events"])
async def test_nobody_enrolled_has_no_points_yet(page: Page, site: Site, way: str) -> None:
    await follow(page, site, site.member("stranger"), way)
    await expect(page.locator("p[role=status]")).to_have_text("Not enrolled yet")
    await expect(page.locator("output")).to_have_text("0")
