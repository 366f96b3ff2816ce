"""Objects by their ids, as far as a caller may see them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from api.auth import Role
from api.context import Info
from api.graphql import brands, grants, ids, members, versions, wallets
from api.graphql.brands import Brand
from api.graphql.members import Member
from api.graphql.node import Node
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


async def _grant(info: Info, key: str) -> Node | None:
    if info.context.principal.role is Role.MEMBER:
        return None
    return await grants.by_id(info, key)


async def _version(info: Info, key: str) -> Node | None:
    if info.context.principal.role is not Role.STAFF:
        return None
    return await versions.by_id(info, key)


_FINDERS: dict[str, Callable[[Info, str], Awaitable[Node | None]]] = {
    brands.KIND: _brand,
    grants.KIND: _grant,
    members.KIND: _member,
    versions.KIND: _version,
    wallets.KIND: _movement,
}
