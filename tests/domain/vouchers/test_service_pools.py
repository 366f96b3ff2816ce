"""Codes that a brand brings along: each once, in the order they came."""

import pytest

from kit.errors import InvalidInputError
from tests.support.vouchers import Desk, use


async def test_a_code_is_added_once_whatever_the_pool(desk: Desk) -> None:
    first = await desk.add("spring", "b", " a ", "b", "", "x\ty")
    assert (first.added, first.known) == (2, 1)
    assert [(place, why.code) for place, why in first.refused] == [
        (3, "CODE_EMPTY"),
        (4, "CODE_UNPRINTABLE"),
    ]
    again = await desk.add("autumn", "a", "A", "c")
    assert (again.added, again.known, again.refused) == (2, 1, [])
    assert await desk.pools() == {"autumn": (2, 2), "spring": (2, 2)}
    codes = [(await desk.issued(pool="spring")).code for _ in range(2)]
    assert codes == ["b", "a"]


async def test_a_code_that_was_given_stays_known(desk: Desk) -> None:
    made = await desk.issued()
    await desk.add("spring", "a")
    voucher = await desk.issued(pool="spring")
    await desk.burn(use("a", voucher.code))
    again = await desk.add("spring", "a", made.code)
    assert (again.added, again.known) == (0, 2)
    assert await desk.pools() == {"spring": (1, 0)}


async def test_a_pool_that_no_programme_can_name_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await desk.add("Spring 26", "a")
    assert (refused.value.code, refused.value.path) == ("INVALID_POOL", ("pool",))
    assert await desk.pools() == {}
