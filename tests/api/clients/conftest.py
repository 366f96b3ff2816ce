"""What every example needs: its packages, a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.support.node import with_modules
from tests.support.programs import program
from tests.support.served import CLIENTS

# Without these the browser looks for its maker's servers whenever it starts.
STILL = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder of the examples, with their packages installed."""
    return with_modules(CLIENTS)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser of the system, without a window."""
    path = program("chromium", "chromium-browser", "google-chrome", package="chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--no-first-run", *STILL]
        )
        yield browser
        await browser.close()
