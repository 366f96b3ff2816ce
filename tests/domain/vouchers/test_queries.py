"""What members have to show: pages of it, by state, as of any instant."""

from datetime import datetime, timedelta

from domain.vouchers import queries
from domain.vouchers.queries import State
from kit.ids import new_id
from tests.support.vouchers import Desk, use

STATES: tuple[State, ...] = ("issued", "used", "returned", "expired")


async def four(desk: Desk) -> dict[State, str]:
    """Issue a voucher of each state, one an hour, and return their codes."""
    codes: dict[State, str] = {}
    for state in STATES:
        desk.shop.clock.move(timedelta(hours=1))
        end = None if state == "issued" else desk.now + timedelta(days=1)
        voucher = await desk.issued(expires_at=end)
        codes[state] = voucher.code
        if state == "used":
            await desk.burn(use("a", voucher.code))
        if state == "returned":
            await desk.give_back(voucher.redemption_id)
    return codes


async def of_member(
    desk: Desk, now: datetime, first: int = 9, states: tuple[State, ...] | None = None
) -> list[str]:
    """Return the codes of the member's vouchers."""
    async with desk.database.read() as session:
        found = await queries.of_members(
            session, now, desk.shop.brand.id, [desk.member_id], first=first, states=states
        )
    return [voucher.code for voucher in found[desk.member_id]]


async def test_states_are_those_of_the_instant_asked_for(desk: Desk) -> None:
    codes = await four(desk)
    end = desk.now + timedelta(days=1)
    newest = [codes["expired"], codes["returned"], codes["used"], codes["issued"]]
    assert await of_member(desk, end) == newest
    for state, code in codes.items():
        assert await of_member(desk, end, states=(state,)) == [code]
    just_before = end - timedelta(microseconds=1)
    assert await of_member(desk, just_before, states=("expired",)) == []
    assert await of_member(desk, just_before, states=("issued", "used")) == [
        codes["expired"],
        codes["used"],
        codes["issued"],
    ]
    async with desk.database.read() as session:
        found = await queries.by_codes(session, end, desk.shop.brand.id, list(codes.values()))
    assert {found[code].state: code for code in codes.values()} == codes


async def test_pages_go_back_from_the_newest(desk: Desk) -> None:
    # Two of one instant have their own order, which every page keeps.
    await desk.issue(*(desk.new() for _ in range(3)))
    desk.shop.clock.move(timedelta(hours=1))
    await desk.issue(*(desk.new() for _ in range(2)))
    everything = await of_member(desk, desk.now)
    paged = []
    before = None
    stranger = new_id()
    async with desk.database.read() as session:
        while True:
            found = await queries.of_members(
                session,
                desk.now,
                desk.shop.brand.id,
                [desk.member_id, stranger],
                first=2,
                before=before,
            )
            assert found[stranger] == []
            if not found[desk.member_id]:
                break
            paged.append([voucher.code for voucher in found[desk.member_id]])
            before = found[desk.member_id][-1].id
    assert paged == [everything[:2], everything[2:4], everything[4:]]


async def test_pages_go_on_from_the_oldest(desk: Desk) -> None:
    await desk.issue(*(desk.new() for _ in range(3)))
    everything = await of_member(desk, desk.now)
    async with desk.database.read() as session:
        brand_id, ids = desk.shop.brand.id, [desk.member_id]
        found = await queries.oldest_of_members(session, desk.now, brand_id, ids, first=2)
        after, waiting = found[desk.member_id][-1].id, STATES[0]
        rest = await queries.oldest_of_members(
            session, desk.now, brand_id, ids, first=2, after=after, states=[waiting]
        )
    oldest = [voucher.code for voucher in (*found[desk.member_id], *rest[desk.member_id])]
    assert oldest == everything[::-1]


async def test_free_codes_are_counted_no_further_than_asked(desk: Desk) -> None:
    await desk.add("spring", "a", "b", "c")
    await desk.issued(pool="spring")
    async with desk.database.read() as session:
        counted = [
            await queries.free_codes(session, desk.shop.brand.id, ["spring", "none"], at_most=most)
            for most in (1, 5)
        ]
    assert counted == [{"spring": 1, "none": 0}, {"spring": 2, "none": 0}]
