"""``laurel badges``: award, list, revoke, keys and another one."""

import asyncio
import re
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands import badges
from domain.members.service import NewMember
from kit.clock import MovableClock, SystemClock
from kit.db import Database
from kit.embedded import Servers
from tests.support.badges import Proud, opened
from tests.support.process import environment


@pytest.fixture
async def proud(database: Database) -> Proud:
    clock = MovableClock(SystemClock().now())
    proud = await opened(database, clock)
    await proud.shop.enrol(NewMember("ann", clock.now()))
    return proud


async def said(servers: Servers, data: Path, *words: str) -> tuple[int, str, str]:
    """Run the command in a thread; return its exit code and what it printed."""
    given = {**environment(servers), "LAUREL_DATA_DIR": str(data)}
    arguments = (words[0], "--brand", "shop", *words[1:])
    invoke = partial(CliRunner().invoke, badges.app, arguments, env=given)
    done = await asyncio.to_thread(invoke)
    return done.exit_code, done.stdout, done.stderr


async def test_awards(proud: Proud, servers: Servers, tmp_path: Path) -> None:
    assert proud
    given = ("award", "ann", "visits", "--level", "2", "--key", "k")
    code, award, _ = await said(servers, tmp_path, *given)
    assert code == 0
    assert await said(servers, tmp_path, *given) == (0, award, "Awarded before.\n")
    code, out, err = await said(servers, tmp_path, "award", "ann", "visits", "--level", "2")
    assert (code, out, err) == (1, "", "ALREADY_AWARDED: The member has this badge already.\n")
    _, listed, _ = await said(servers, tmp_path, "list")
    assert listed.splitlines()[:2] == ["visits  1  0 members", "visits  2  1 members"]
    code, _, err = await said(servers, tmp_path, "award", "bob", "visits")
    assert (code, err) == (1, "UNKNOWN_MEMBER: The brand has no member 'bob'.\n")
    revoking = ("revoke", award.strip(), "--reason", "a mistake")
    assert (await said(servers, tmp_path, *revoking))[1] == f"revoked {award}"
    assert (await said(servers, tmp_path, *revoking))[1] == f"revoked before {award}"
    _, listed, _ = await said(servers, tmp_path, "list", "--member", "ann")
    assert re.fullmatch(rf"{award.strip()}  visits  2  \S+  hand  revoked: a mistake\n", listed)


async def test_keys(proud: Proud, servers: Servers, tmp_path: Path) -> None:
    assert proud
    none = (0, "", "There is no key yet; the first credential makes one.\n")
    assert await said(servers, tmp_path, "keys") == none
    first = (await said(servers, tmp_path, "rotate"))[1].strip()
    second = (await said(servers, tmp_path, "rotate"))[1].strip()
    _, listed, _ = await said(servers, tmp_path, "keys")
    lines = [line.split() for line in listed.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [(second, "signs"), (first, "retired")]
