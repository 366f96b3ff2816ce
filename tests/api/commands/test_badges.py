"""``laurel badges``: award, list, revoke, keys and another one."""

import re
from pathlib import Path

import pytest

from domain.members.service import NewMember
from kit.clock import MovableClock, SystemClock
from kit.db import Database
from kit.embedded import Servers
from tests.support.badges import Proud, opened
from tests.support.process import run_here


@pytest.fixture
async def proud(database: Database) -> Proud:
    clock = MovableClock(SystemClock().now())
    proud = await opened(database, clock)
    await proud.shop.enrol(NewMember("ann", clock.now()))
    return proud


async def said(servers: Servers, *words: str) -> tuple[int, str, str]:
    """Run a command for the shop; return its exit code and what it printed."""
    return await run_here(servers, "badges", words[0], "--brand", "shop", *words[1:])


async def test_awards(proud: Proud, servers: Servers) -> None:
    assert proud
    given = ("award", "ann", "visits", "--level", "2", "--key", "k")
    code, award, _ = await said(servers, *given)
    assert code == 0
    assert await said(servers, *given) == (0, award, "Awarded before.\n")
    code, out, err = await said(servers, "award", "ann", "visits", "--level", "2")
    assert (code, out, err) == (1, "", "ALREADY_AWARDED: The member has this badge already.\n")
    _, listed, _ = await said(servers, "list")
    assert listed.splitlines()[:2] == ["visits  1  0 members", "visits  2  1 members"]
    code, _, err = await said(servers, "award", "bob", "visits")
    assert (code, err) == (1, "UNKNOWN_MEMBER: The brand has no member 'bob'.\n")
    revoking = ("revoke", award.strip(), "--reason", "a mistake")
    assert (await said(servers, *revoking))[1] == f"revoked {award}"
    assert (await said(servers, *revoking))[1] == f"revoked before {award}"
    _, listed, _ = await said(servers, "list", "--member", "ann")
    assert re.fullmatch(rf"{award.strip()}  visits  2  \S+  hand  revoked: a mistake\n", listed)


async def test_keys(
    proud: Proud, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUREL_DATA_DIR", str(tmp_path))
    assert proud
    none = (0, "", "There is no key yet; the first credential makes one.\n")
    assert await said(servers, "keys") == none
    first = (await said(servers, "rotate"))[1].strip()
    second = (await said(servers, "rotate"))[1].strip()
    _, listed, _ = await said(servers, "keys")
    lines = [line.split() for line in listed.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [(second, "signs"), (first, "retired")]
