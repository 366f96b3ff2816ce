"""A process of its own: what stays open is not looked over again and again."""

import gc
from collections.abc import Iterator

import pytest

from api.app import spare
from kit.settings import Settings


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_what_stays_is_not_looked_at_for_garbage() -> None:
    spare(Settings())
    assert gc.get_freeze_count() > 100_000
    assert len(gc.get_objects()) < 10_000
    assert gc.isenabled()
    assert gc.get_threshold()[0] >= 10_000
