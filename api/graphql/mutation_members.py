"""What the brand can do with who its members are."""

from typing import Annotated

import strawberry

from api.context import Info
from api.graphql import merging
from api.graphql.fields import BRAND, STAFF, mutation
from api.graphql.merging import (
    EraseMemberInput,
    EraseMemberPayload,
    MergeMembersInput,
    MergeMembersPayload,
)
from api.graphql.outcomes import of_error
from kit.errors import LaurelError


@strawberry.type
class MemberMutations:
    """The part of the root of mutations that is about who members are."""

    @mutation(
        BRAND,
        "Make two members one, who turned out to be one person: points, history and all else are"
        " that one's, by the names of both. It can't be undone.",
    )
    async def merge_members(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            MergeMembersInput, strawberry.argument(description="Who they are.")
        ],
    ) -> MergeMembersPayload | None:
        try:
            kept = await merging.join(info, input)
        except LaurelError as error:
            return MergeMembersPayload(member_key=None, errors=[of_error(error, "input")])
        return MergeMembersPayload(member_key=kept, errors=[])

    @mutation(
        STAFF,
        "Forget a member: names and what was known are gone, points are forfeited, the books stay."
        " It can't be undone.",
    )
    async def erase_member(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            EraseMemberInput, strawberry.argument(description="Who it is.")
        ],
    ) -> EraseMemberPayload | None:
        try:
            done = await merging.forget(info, input)
        except LaurelError as error:
            return EraseMemberPayload(erasure=None, errors=[of_error(error, "input")])
        return EraseMemberPayload(erasure=done, errors=[])
