"""Members are enrolled and changed as told."""

from dataclasses import replace
from datetime import date, timedelta

from domain.members import queries
from domain.members.queries import Member
from domain.members.rules import MemberChange
from domain.members.service import NewMember, update
from kit.errors import LaurelError
from tests.support.shop import Shop


async def updated(shop: Shop, *changes: MemberChange) -> list[Member | LaurelError]:
    now = shop.clock.now()
    return await shop.database.write(lambda session: update(session, now, shop.brand, changes))


async def known(shop: Shop, *names: str) -> dict[str, Member]:
    async with shop.database.read() as session:
        return await queries.by_external_ids(session, shop.brand.id, names)


async def test_who_is_enrolled_is_known_as_told_and_only_once(grocer: Shop) -> None:
    now = grocer.clock.now()
    ann = NewMember("ann", now, "Ann", date(1990, 2, 28), "CA-ON", {"vip": True, "rate": 1.5})
    await grocer.enrol(ann, NewMember("bob", now))
    await grocer.enrol(replace(ann, display_name="Other", joined_at=now + timedelta(1)))
    found = await known(grocer, "ann", "bob")
    assert found["ann"] == Member(
        found["ann"].id,
        grocer.brand.id,
        "ann",
        "Ann",
        now,
        date(1990, 2, 28),
        "CA-ON",
        {"vip": True, "rate": 1.5},
    )
    assert (found["bob"].region, found["bob"].attributes) == (None, {})


async def test_changes_are_made_in_order_and_each_by_itself(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.enrol(NewMember("ann", now, "Ann", attributes={"a": 1}), NewMember("bob", now))
    outcomes = await updated(
        grocer,
        MemberChange("ann", region="CA-ON", attributes={"b": "x"}),
        MemberChange("nobody", region="CA-ON"),
        MemberChange("bob", birthday=date(2027, 1, 1)),
        MemberChange("ann", region=None, attributes={"a": None}),
        MemberChange("bob", display_name="Bob"),
    )
    told = [each.code if isinstance(each, LaurelError) else each.region for each in outcomes]
    assert told == ["CA-ON", "MEMBER_NOT_FOUND", "INVALID_DATE", None, None]
    found = await known(grocer, "ann", "bob")
    assert (found["ann"].region, found["ann"].attributes) == (None, {"b": "x"})
    assert found["ann"] == outcomes[3]
    assert (found["bob"].display_name, found["bob"].birthday) == ("Bob", None)
