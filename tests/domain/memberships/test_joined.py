"""What two members had with others is that of one: households, referrals, status, rewards."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.members.service import NewMember
from domain.referrals.rules_merge import Kept, Rejoined, rejoin
from tests.support.merging import codes, erased, erasing, merged, merging
from tests.support.shop import Shop, purchase

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
A, B, C, D = (UUID(int=number) for number in range(1, 5))


async def test_both_ways_at_once_end_at_one_of_them(grocer: Shop) -> None:
    for turn in range(5):
        one, two = f"a{turn}", f"b{turn}"
        await grocer.buy(purchase(one, one, 10_00, MONDAY), purchase(two, two, 20_00, MONDAY))
        outcomes = await asyncio.gather(
            merged(grocer, merging(one, two)),
            merged(grocer, merging(two, one)),
            grocer.buy(purchase(f"c{turn}", one, 5_00, MONDAY)),
            grocer.buy(purchase(f"d{turn}", two, 5_00, MONDAY)),
        )
        refused = [each for done in outcomes[:2] for each in codes(done)]
        assert sorted(map(str, refused)) == ["ALREADY_MERGED", "None"]
        assert len(set(await grocer.member_ids(one, two))) == 1
        assert (await grocer.balance(one)).total == 40


async def test_purchases_while_somebody_is_erased_are_of_somebody_new(grocer: Shop) -> None:
    for turn in range(5):
        name = f"a{turn}"
        await grocer.buy(purchase(name, name, 10_00, MONDAY))
        done, bought, _ = await asyncio.gather(
            erased(grocer, erasing(name)),
            grocer.buy(purchase(f"b{turn}", name, 5_00, MONDAY)),
            merged(grocer, merging(name, f"a{turn - 1}")),
        )
        assert bought[0].status == "recorded"
        assert codes(done) == [None]


def of(number: int, referrer: UUID, friend: UUID, state: str = "pending") -> Kept:
    at = MONDAY + timedelta(days=number)
    return Kept(UUID(int=number), referrer, friend, state, at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "edges", "expected"),
    [
        ([of(1, A, B)], [], [Rejoined(UUID(int=1), B, B, "SELF_REFERRAL")]),
        ([of(1, A, B, "rewarded")], [], []),
        ([of(1, A, B, "refused")], [], [Rejoined(UUID(int=1), B, B)]),
        ([of(1, A, C)], [], [Rejoined(UUID(int=1), B, C)]),
        (
            [of(1, C, A), of(2, D, B)],
            [],
            [Rejoined(UUID(int=1), C, B), Rejoined(UUID(int=2), D, B, "ALREADY_REFERRED")],
        ),
        (
            [of(1, C, A), of(2, D, B, "rewarded")],
            [],
            [Rejoined(UUID(int=1), C, B, "ALREADY_REFERRED")],
        ),
        (
            [of(1, B, C), of(2, D, A)],
            [(D, C)],
            [Rejoined(UUID(int=2), D, B, "CIRCULAR_REFERRAL")],
        ),
    ],
)
def test_nobody_brought_himself_or_was_brought_twice(
    rows: list[Kept], edges: list[tuple[UUID, UUID]], expected: list[Rejoined]
) -> None:
    assert rejoin(rows, edges, {A: B}) == expected


async def test_what_was_known_of_either_is_known(grocer: Shop) -> None:
    early = MONDAY - timedelta(days=9)
    await grocer.enrol(
        NewMember("a", early, "Ann", region="US-NY", attributes={"x": 1, "y": 1}),
        NewMember("b", MONDAY, None, attributes={"x": 2}),
    )
    await merged(grocer, merging("b", "a"))
    async with grocer.database.read() as session:
        row = await session.one(
            "SELECT * FROM member WHERE brand_id = $1 AND merged_into IS NULL", grocer.brand.id
        )
    assert row is not None
    assert (row["external_id"], row["display_name"], row["region"]) == ("b", "Ann", "US-NY")
    assert (row["joined_at"], row["attributes"]) == (early, {"x": 2, "y": 1})
