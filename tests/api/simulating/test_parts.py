"""Several processes find together what one finds, and say so if one of them breaks off."""

from datetime import UTC, datetime

import pytest

from api.simulating import from_database, parts
from api.simulating.asked import BEGINNING, Asked, Version
from api.simulating.parts import PartFailedError, replayed
from domain.simulation.rules_months import calendar
from domain.simulation.rules_simulation import Found
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from tests.support.programmes import GOOD
from tests.support.shop import opened_shop, purchase

DEARER = GOOD.replace('per = "1.00"', 'per = "2.00"')


@pytest.fixture
async def asked(database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setattr(from_database, "MEMBERS", 2)
    shop = await opened_shop(database, clock, GOOD)
    names = ("ann", "bob", "cy", "dan", "eve")
    await shop.buy(
        *(
            purchase(str(place), name, 1_000 * place, clock.now())
            for place, name in enumerate(names)
        )
    )
    months = calendar(shop.brand.zone, clock.now(), datetime(2026, 3, 31, tzinfo=UTC))
    draft = Version(-1, BEGINNING, DEARER, BEGINNING)
    beside = Version(1, BEGINNING, GOOD, BEGINNING)
    return Asked(shop.brand, (draft,), (beside,), months, 0)


def told(found: Found) -> tuple[object, ...]:
    """Return what a simulation found, in whatever order members were replayed."""
    assert found.beside is not None
    assert found.comparison is not None
    comparison = found.comparison
    fates = [each.external_id for _, each, _ in comparison.worst]
    differences = sorted(comparison.differences)
    return found.draft, found.beside, fates, differences, comparison.moves


async def test_processes_find_together_what_one_finds(
    database: Database, servers: Servers, asked: Asked
) -> None:
    baskets: list[int] = []
    one = await replayed(database, servers.database_url, asked, 1, baskets.append)
    several = await replayed(database, servers.database_url, asked, 3, baskets.append)
    assert told(several) == told(one)
    assert sum(baskets) == 2 * 5
    assert one.draft.sums.issued == [5 + 10 + 15 + 20]


async def test_a_process_that_breaks_off_is_told_of(
    database: Database, servers: Servers, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_SNAPSHOT", "SELECT 'no-such-snapshot'")
    with pytest.raises(PartFailedError, match="no-such-snapshot"):
        await replayed(database, servers.database_url, asked, 2, lambda _: None)
