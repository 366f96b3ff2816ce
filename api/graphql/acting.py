"""In whose name something is done: members act for themselves alone, a brand for its members."""

from api.auth import Role
from api.context import Info
from api.graphql.members import KIND
from domain.members.queries import Member
from kit.errors import InvalidInputError, NotFoundError
from kit.texts import usable

MEMBER = (
    "Your id of the member in whose name it is done. Members leave it out: they act for themselves"
    " alone."
)


async def acting(info: Info, named: str | None) -> Member:
    """Return the member who acts: who calls, or whom the brand names.

    Raises InvalidInputError, and what `known` raises.
    """
    principal = info.context.principal
    if principal.role is not Role.MEMBER:
        if named is None:
            raise InvalidInputError("member is missing; say in whose name", path=("member",))
        return await known(info, named, "member")
    if named is not None:
        raise InvalidInputError("member is for the brand; leave it out", path=("member",))
    found = await info.context.loaders.members_by_external_id.load(principal.external_id)
    if found is None:
        message = "You are not enrolled yet."
        raise NotFoundError(message, code="UNKNOWN_MEMBER", path=("member",))
    return found


async def known(info: Info, external_id: str, *path: str) -> Member:
    """Return the member whom somebody names at ``path``. Raises NotFoundError UNKNOWN_MEMBER.

    Raises LaurelError TOO_MANY_GUESSES: who may name a friend must not try all numbers.
    """
    loader = info.context.loaders.members_by_external_id
    record = None
    if usable(external_id):
        record = await info.context.guessed(KIND, lambda: loader.load(external_id))
    if record is None:
        message = "Nobody is enrolled under this id."
        raise NotFoundError(message, code="UNKNOWN_MEMBER", path=path)
    return record
