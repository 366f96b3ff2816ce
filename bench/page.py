"""A board's page in a browser: what a first visit transfers, and when its first picture is drawn.

    python -m bench page [URL] [--rounds 5] [--port 8199]

Without a URL a small demo is loaded and served for it. Each round is a first visit with nothing
kept. "slow phone" is what Lighthouse takes for one: 150 ms there and back, 1.6 Mbit/s down, 0.75
up, a processor of a quarter of the speed. First picture: First Contentful Paint; whole: Largest.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from playwright.async_api import Browser, CDPSession, async_playwright

from bench import report
from bench.scratch import MeasurementError

SECONDS_TO_LOAD = 300
FIRST_MAX, BYTES_MAX = 1_800, 20_000
"""What Lighthouse calls good, in milliseconds; what docs/boards.md promises."""
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SLOWER = 4
LOOKS = {
    "slow phone": ({"viewport": {"width": 390, "height": 844}, "is_mobile": True}, True),
    "desktop": ({"viewport": {"width": 1280, "height": 800}}, False),
}
PAINTS = """
() => new Promise(done => new PerformanceObserver(list => done([
    performance.getEntriesByName("first-contentful-paint")[0].startTime,
    list.getEntries().at(-1).startTime,
])).observe({type: "largest-contentful-paint", buffered: true}))
"""


@dataclass
class Visits:
    """What the visits with one look took: milliseconds and bytes."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)


async def _visited(browser: Browser, url: str, look: str, visits: Visits) -> None:
    settings, slow = LOOKS[look]
    context = await browser.new_context(**settings)  # type: ignore[arg-type]
    page = await context.new_page()
    session: CDPSession = await context.new_cdp_session(page)
    await session.send("Network.enable")
    if slow:
        await session.send("Network.emulateNetworkConditions", SLOW)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    bytes_: list[float] = []
    session.on("Network.loadingFinished", lambda event: bytes_.append(event["encodedDataLength"]))
    await page.goto(url, wait_until="load")
    first, whole = await page.evaluate(PAINTS)
    visits.first.append(first)
    visits.whole.append(whole)
    visits.taken.append(sum(bytes_))
    await context.close()


@asynccontextmanager
async def _demo(port: int) -> AsyncIterator[str]:
    """Load and serve a small demo; yield the address of a board's page."""
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from api.cli import main; main()", "demo"),
            *("--rows", "10000", "--still", "--port", str(port)),
            env={**os.environ, "LAUREL_DATA_DIR": folder},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}/boards/grocer/spend?period=all"
            async with asyncio.timeout(SECONDS_TO_LOAD):
                while not await asyncio.to_thread(_answers, url):
                    if process.returncode is not None:
                        raise MeasurementError("the demo ended")
                    await asyncio.sleep(1)
            yield url
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return b'class="score"' in answer.read()
    except OSError:
        return False


async def _measured(url: str, rounds: int) -> dict[str, Visits]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    found = {look: Visits() for look in LOOKS}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for number in range(rounds):
            report.progress(f"visit {number + 1} of {rounds}")
            for look, visits in found.items():
                await _visited(browser, url, look, visits)
        report.done()
        await browser.close()
    return found


async def _main(url: str | None, rounds: int, port: int) -> None:
    if url:
        found = await _measured(url, rounds)
    else:
        async with _demo(port) as served:
            found = await _measured(served, rounds)
    rows = [
        [look, report.spread(each.first), report.spread(each.whole), report.spread(each.taken)]
        for look, each in found.items()
    ]
    print(report.load())
    print(report.table(["look", "first picture, ms", "whole, ms", "transferred, bytes"], rows))
    slow = found["slow phone"]
    print(report.verdict("first picture on a slow phone", max(slow.first), FIRST_MAX, most=True))
    print(report.verdict("transferred", max(slow.taken), BYTES_MAX, most=True))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench page", description=__doc__)
    parser.add_argument("url", nargs="?", help="a board's page; left out: a small demo's")
    parser.add_argument("--rounds", type=int, default=5, help="first visits with each look")
    parser.add_argument("--port", type=int, default=8199, help="where the demo is served")
    options = parser.parse_args()
    asyncio.run(_main(options.url, options.rounds, options.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
