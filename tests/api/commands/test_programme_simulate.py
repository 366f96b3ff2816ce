"""A draft is simulated from the command line: what it says, writes, refuses, and leaves alone."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.earning.rules import Activity
from domain.ledger.rules import Kind, Resolution
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from kit.ids import derived_id
from tests.support.process import run_here
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

JANUARY = datetime(2026, 1, 10, 12, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def shop(database: Database, clock: MovableClock) -> Shop:
    """Three members buy over three months; one of them spends something."""
    clock.set(JANUARY)
    shop = await opened_shop(database, clock, GOOD)
    await shop.buy(
        purchase("1", "ann", 10_000, clock.now()),
        purchase("2", SCRIPT, 30_000, clock.now()),
    )
    clock.move(timedelta(days=31))
    await shop.buy(purchase("3", "cy", 40_000, clock.now()))
    (ann,) = await shop.member_ids("ann")
    deadline = clock.now() + timedelta(days=1)
    (held,) = await shop.hold(Hold(derived_id("hold", "1"), ann, 60, deadline, "cup"))
    assert held.hold_id is not None
    spend = Resolution(derived_id("post", "1"), held.hold_id, Kind.POST, "redemption", None)
    await shop.settle(spend)
    clock.move(timedelta(days=31))
    await shop.buy(purchase("4", "ann", 5_050, clock.now()))
    await shop.act(Activity("5", "cy", "walk", clock.now()))
    return shop


async def laurel(servers: Servers, *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it printed."""
    return await run_here(servers, "programme", "simulate", *arguments)


async def simulated(
    servers: Servers, tmp_path: Path, draft: str, *more: str
) -> tuple[dict[str, Any], str, str]:
    """Simulate a draft; return its numbers, its page, and what was printed."""
    file = tmp_path / "draft.toml"
    file.write_text(draft)
    out = tmp_path / "report.html"
    code, told, err = await laurel(servers, str(file), "--out", str(out), *more)
    assert code == 0, told + err
    return json.loads((tmp_path / "report.json").read_text()), out.read_text(), told


@pytest.mark.usefixtures("shop")
async def test_a_draft_stands_beside_what_is_in_force_and_changes_nothing(
    servers: Servers, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    before = await contents(admin)
    dearer = GOOD.replace('per = "1.00"', 'per = "2.00"')
    dearer = dearer.replace('name = "The Shop"', f'name = "The {SCRIPT} Shop"')
    numbers, page, told = await simulated(servers, tmp_path, dearer)
    assert await contents(admin) == before
    page_needs_nobody_and_runs_nothing(page)
    assert told.splitlines()[:8] == [
        "The Shop: 4 baskets of 3 members, 2026-01-01 to 2026-03-13",
        "                    draft  in force",
        "points issued         425       850",
        "points spent            0        60",
        "points expired          0         0",
        "points reversed         0         0",
        "points outstanding    425       790",
        "reward cost (USD)    0.00      0.00",
    ]
    assert told.splitlines()[8:10] == [
        "0 members gain points, 3 lose some, 0 have the same",
        "1 redemptions that members could not have afforded or asked for",
    ]
    assert numbers["months"] == ["2026-01", "2026-02", "2026-03"]
    assert [month["outstanding"] for month in numbers["draft"]["months"]] == [200, 400, 425]
    assert [month["outstanding"] for month in numbers["beside"]["months"]] == [400, 740, 790]
    assert [month["members"] for month in numbers["draft"]["months"]] == [2, 3, 3]
    assert [each["member"] for each in numbers["members"]["least"]] == ["cy", SCRIPT, "ann"]


def page_needs_nobody_and_runs_nothing(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "default-src 'none'" in page
    for address in ("src=", "url(http", "@import", 'href="http'):
        assert address not in page
    assert page.count("<svg") == page.count("</svg>") >= 3
    assert page.count("<table") >= 4


@pytest.mark.usefixtures("shop")
async def test_the_numbers_have_a_shape(servers: Servers, tmp_path: Path) -> None:
    numbers, _, _ = await simulated(servers, tmp_path, GOOD)
    month = {
        "issued", "spent", "expired", "reversed", "outstanding", "liability", "redemptions",
        "rewardCost", "purchases", "spend", "refunded", "members", "tiers",
    }  # fmt: skip
    side = {
        "name", "source", "isInForce", "version", "unit", "scale", "totals", "months", "tiers",
        "costPerPoint", "notAllowed",
    }  # fmt: skip
    assert {name: type(value).__name__ for name, value in numbers.items()} == {
        "report": "int",
        "brand": "dict",
        "currency": "dict",
        "history": "dict",
        "months": "list",
        "draft": "dict",
        "beside": "dict",
        "members": "dict",
    }
    for each in (numbers["draft"], numbers["beside"]):
        assert set(each) == side
        assert {name for one in each["months"] for name in one} == month
        assert each["totals"]["outstanding"] == each["months"][-1]["outstanding"] == 790
    assert numbers["members"]["same"] == 3


@pytest.mark.usefixtures("shop")
async def test_a_draft_may_begin_later(servers: Servers, tmp_path: Path) -> None:
    dearer = GOOD.replace('per = "1.00"', 'per = "2.00"')
    numbers, page, _ = await simulated(servers, tmp_path, dearer, "--from", "2026-02-01")
    assert [month["issued"] for month in numbers["draft"]["months"]] == [400, 200, 25]
    assert "judges from 2026-02-01 on" in page
    numbers, _, _ = await simulated(servers, tmp_path, dearer, "--until", "2026-02-28")
    assert numbers["months"] == ["2026-01", "2026-02"]
    assert numbers["draft"]["totals"]["issued"] == 400


async def test_a_file_needs_no_database(tmp_path: Path, servers: Servers) -> None:
    history = tmp_path / "history.csv"
    history.write_text(
        "purchase_id,member_id,occurred_at,amount\n"
        "1,ann,2026-01-10T12:00:00Z,100.00\n"
        "2,bob,2026-02-10T12:00:00Z,99.99\n"
        "1,ann,2026-01-10T12:00:00Z,100.00\n"
        "3,,2026-02-10T12:00:00Z,1.00\n"
        "4,bob,2026-05-10T12:00:00Z,1.00\n"
    )
    numbers, page, told = await simulated(
        servers, tmp_path, GOOD, "--history", str(history), "--until", "2026-03-31"
    )
    assert told.splitlines()[0] == "The Shop: 2 baskets of 2 members, 2026-01-01 to 2026-03-31"
    assert numbers["history"]["leftOut"] == {"repeated": 1, "refused": 1, "later": 1}
    assert numbers["draft"]["totals"]["issued"] == 199
    assert (numbers["beside"], numbers["members"]) == (None, None)
    assert "1 purchases no import would take, 1 that came twice and 1 after the end" in page
    other = tmp_path / "other.toml"
    other.write_text(GOOD.replace('points = "1"', 'points = "3"'))
    numbers, _, told = await simulated(
        servers, tmp_path, GOOD, "--history", str(history), "--beside", str(other)
    )
    assert numbers["beside"]["totals"]["issued"] == 3 * 100 + 299 + 3
    assert numbers["beside"]["source"] == "other.toml"
    assert "draft  beside" in told


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (("Asia", "Asia"), ("--until", "2020-01-01"), "nothing had happened by 2020-01-01"),
        (('currency = "USD"', 'currency = "EUR"'), (), "brand shop has the currency USD"),
        (
            ('expires = "never"', 'expires = "never"\nscale = 2'),
            (),
            "points.scale of brand shop is 0",
        ),
        (("Asia", "Asia"), ("--brand", "nobody"), "There is no brand 'nobody'"),
        (("Asia", "Asia"), ("--history", "missing.csv"), "missing.csv is not a file"),
        (("Asia", "Asia"), ("--from", "soon"), "'soon' is no date"),
        (('per = "1.00"', 'per = "0"'), (), "earning.per"),
        (("Asia", "Asia"), ("--json", "/nowhere/report.json"), "can't be written"),
    ],
)
async def test_faults_are_told(
    servers: Servers,
    tmp_path: Path,
    change: tuple[str, str],
    more: tuple[str, ...],
    said: str,
) -> None:
    file = tmp_path / "draft.toml"
    file.write_text(GOOD.replace(*change))
    code, out, err = await laurel(servers, str(file), "--out", str(tmp_path / "r.html"), *more)
    assert (code, out) == (1, "")
    assert said in err


async def contents(admin: asyncpg.Connection) -> dict[str, str]:
    """Return a hash of the rows of each table."""
    tables = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {}
    for (table,) in tables:
        rows = await admin.fetch(f'SELECT t::text AS row FROM public."{table}" t ORDER BY 1')
        text = "\n".join(row["row"] for row in rows)
        found[table] = hashlib.sha256(text.encode()).hexdigest()
    return found
