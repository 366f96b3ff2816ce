"""The ``[households]`` section of a programme file: who may spend together."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kit.documents import Section, Whole

MEMBERS_MAX = 100
DAYS_MAX = 3_660

Role = Literal["owner", "adult", "child"]


class HouseholdsSection(Section):
    """Members may form households; without this section nobody may.

    Each keeps the points that he or she earned; those whose role is among ``spenders`` may spend
    what all of them have. The owner invites, gives roles and lets go. Days are whole days of the
    brand's clock: an invitation lasts until the end of its last one, and who left on Monday with
    ``cool_off_days`` 1 may enter another on Tuesday.
    """

    optional: ClassVar[bool] = True

    members: Annotated[Whole, Field(ge=2, le=MEMBERS_MAX)] = Field(
        description="how many members a household has at most, the owner included"
    )
    spenders: Annotated[tuple[Role, ...], Field(min_length=1, max_length=3)] = Field(
        default=("owner", "adult"), description="the roles that may spend what all have"
    )
    invitation_days: Annotated[Whole, Field(ge=1, le=366)] = Field(
        default=14, description="how long an invitation can be accepted"
    )
    cool_off_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=0, description="how long after leaving one a member may not enter another"
    )
