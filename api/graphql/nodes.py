"""Objects by their ids, as far as a caller may see them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from api.auth import Role
from api.context import Info
from api.graphql import (
    badges,
    brands,
    fair_play,
    gifts,
    grants,
    households,
    ids,
    members,
    prizes,
    redemptions,
    referrals,
    rewards,
    versions,
    vouchers,
    wallets,
)
from api.graphql.brands import Brand
from api.graphql.members import Member
from api.graphql.node import Node
from api.graphql.redemptions import Redemption
from api.graphql.vouchers import Voucher
from api.graphql.wallets import Movement
from kit.errors import InvalidInputError

NODES_MAX = 100


async def node(info: Info, text: str) -> Node | None:
    """Return the object with this id, None if there is none that the caller may see."""
    named = ids.decode(text)
    find = _FINDERS.get(named.kind) if named else None
    return await find(info, named.key) if named and find else None


async def nodes(info: Info, texts: Sequence[str]) -> list[Node | None]:
    """Return the objects with these ids, in order. Raises InvalidInputError for too many."""
    if len(texts) > NODES_MAX:
        message = f"`ids` are more than {NODES_MAX}; ask in several requests."
        raise InvalidInputError(message, code="TOO_MANY_IDS", path=("ids",))
    return list(await asyncio.gather(*(node(info, text) for text in texts)))


async def _brand(info: Info, key: str) -> Brand | None:
    brand = info.context.principal.brand
    return brands.brand(brand) if key == brand.code else None


async def _member(info: Info, key: str) -> Member | None:
    if info.context.principal.role is Role.MEMBER:
        me = await members.own(info)
        return me if me and str(me.key) == key else None
    return await members.by_id(info, key)


async def _movement(info: Info, text: str) -> Movement | None:
    key = wallets.movement_key(text)
    if key is None:
        return None
    if info.context.principal.role is Role.MEMBER:
        me = await members.own(info)
        if me is None or me.key != key[0]:
            return None
    loaders = info.context.loaders
    found = await loaders.movements.load(key)
    return wallets.movement((await loaders.programmes()).scale, found) if found else None


async def _redemption(info: Info, text: str) -> Redemption | None:
    found = await redemptions.by_key(info, ids.uuid_of(text))
    return found if found and await _may_see(info, found.member_key) else None


async def _voucher(info: Info, text: str) -> Voucher | None:
    found = await vouchers.by_key(info, ids.uuid_of(text))
    return found if found and await _may_see(info, found.member_key) else None


async def _may_see(info: Info, member_id: UUID) -> bool:
    if info.context.principal.role is not Role.MEMBER:
        return True
    me = await members.own(info)
    return me is not None and me.key == member_id


async def _grant(info: Info, key: str) -> Node | None:
    if info.context.principal.role is Role.MEMBER:
        return None
    return await grants.by_id(info, key)


async def _flag(info: Info, key: str) -> Node | None:
    if info.context.principal.role is not Role.STAFF:
        return None
    return await fair_play.by_id(info, key)


async def _version(info: Info, key: str) -> Node | None:
    if info.context.principal.role is not Role.STAFF:
        return None
    return await versions.by_id(info, key)


_FINDERS: dict[str, Callable[[Info, str], Awaitable[Node | None]]] = {
    badges.KIND: badges.by_id,
    brands.KIND: _brand,
    fair_play.KIND: _flag,
    gifts.KIND: gifts.by_id,
    grants.KIND: _grant,
    households.INVITATION: households.invitation_by_id,
    households.KIND: households.by_id,
    households.PERSON: households.person_by_id,
    members.KIND: _member,
    prizes.KIND: prizes.by_id,
    redemptions.KIND: _redemption,
    referrals.KIND: referrals.by_id,
    rewards.KIND: rewards.by_id,
    versions.KIND: _version,
    vouchers.KIND: _voucher,
    wallets.KIND: _movement,
}
