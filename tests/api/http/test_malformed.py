"""Twenty thousand requests of nonsense: each is answered as it should be, and nothing fails.

`LAUREL_TEST_REQUESTS` asks for another number of them, `LAUREL_TEST_SEED` for others.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kit.settings import Settings
from tests.support.client import Answer, Client
from tests.support.cpu import untraced
from tests.support.nonsense import Nonsense, Wrong
from tests.support.shop import purchase

COUNT = int(os.environ.get("LAUREL_TEST_REQUESTS", "20000"))
SEED = int(os.environ.get("LAUREL_TEST_SEED", "1"))
AT_ONCE = 8
# Valkey has a fifth of a second; a busy machine may take that.
BUSY = "limits are kept in this process: Valkey fails"
OF_HTTP = {
    *("BAD_REQUEST", "PREFLIGHT_REQUIRED", "UNSUPPORTED_MEDIA_TYPE", "NOT_ACCEPTABLE"),
    *("METHOD_NOT_ALLOWED", "PAYLOAD_TOO_LARGE", "NOT_FOUND", "UNAUTHENTICATED"),
}
PAGES = {"/", "/graphql", "/schema.graphql", "/healthz"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """So much allowance that everything is really worked on."""
    return Settings(environment="development", data_dir=tmp_path, allowance=10_000)


async def test_nonsense(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    await client.shop.buy(purchase("p0", "ana", 12_345, client.shop.clock.now()))
    credentials = (client.member("ana"), client.member("bob"), client.server, client.staff)
    requests = Nonsense(SEED, credentials).requests(COUNT)
    statuses: Counter[int] = Counter()
    with untraced(), capture_logs() as said, caplog.at_level(logging.WARNING):
        await asyncio.gather(*(sending(client, requests, statuses) for _ in range(AT_ONCE)))
    failures = [each for each in said if each["log_level"] not in {"info", "debug"}]
    assert not [each for each in failures if each["event"] != BUSY]
    assert not caplog.records
    assert statuses.total() == COUNT
    # It was no use to refuse everything alike.
    assert {200, 400, 401, 404, 405, 406, 413, 415} <= set(statuses)
    assert statuses[200] > COUNT / 10


async def sending(client: Client, requests: Iterator[Wrong], statuses: Counter[int]) -> None:
    for wrong in requests:
        leaves = 0.005 if wrong.streamed else None
        answer = await client.send(
            wrong.method, wrong.path, wrong.body, wrong.headers, wrong.address, leaves
        )
        statuses[answer.status] += 1
        assert fair(wrong, answer), (wrong, answer)


def fair(wrong: Wrong, answer: Answer) -> bool:
    """Return whether an answer is one that a client can do something with."""
    kind, packed = answer.headers.get("content-type", ""), "content-encoding" in answer.headers
    page = wrong.path in PAGES and answer.status == 200 and not kind.startswith("application/")
    if wrong.streamed or packed or page or answer.status == 304:
        return 200 <= answer.status < 500
    content = answer.json
    codes = [each["extensions"]["code"] for each in content.get("errors", ())]
    if "INTERNAL_SERVER_ERROR" in codes:
        return False
    if "data" in content or (wrong.path in PAGES and not codes):
        return answer.status == 200
    # Readers of plain JSON are told in the body what others see by the status, but for HTTP's own.
    plain = kind.startswith("application/json") and not set(codes) & OF_HTTP
    return bool(codes) and (400 <= answer.status < 500 or (plain and answer.status == 200))
