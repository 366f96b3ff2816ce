"""The ``[rewards]`` section of a programme file: what points are spent on and what is given."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from domain.rewards.section_faults import faults_of
from domain.rewards.section_parts import (
    AUTOMATIC_MAX,
    CATEGORIES_MAX,
    LIMITS_MAX,
    REWARDS_MAX,
    Automatic,
    Category,
    Limit,
    Path,
    Reward,
)
from domain.wallets.section import PointsSection
from kit.documents import Exact, Section, find_section

__all__ = ["Automatic", "Category", "Limit", "Reward", "RewardsSection"]


class RewardsSection(Section):
    """The catalogue, how often members may redeem, and what they get without asking.

    Who redeems for more than ``approval_over`` points at once waits until somebody of the
    brand's staff approves, who is not the one that asked.
    """

    optional: ClassVar[bool] = True

    approval_over: Exact | None = Field(
        default=None, description="redemptions of more points wait for a second person's approval"
    )
    category: Annotated[tuple[Category, ...], Field(max_length=CATEGORIES_MAX)] = Field(
        default=(), description="what rewards are sorted into, each a [[rewards.category]]"
    )
    reward: Annotated[tuple[Reward, ...], Field(min_length=1, max_length=REWARDS_MAX)] = Field(
        description="what there is, each a [[rewards.reward]]"
    )
    limit: Annotated[tuple[Limit, ...], Field(max_length=LIMITS_MAX)] = Field(
        default=(), description="the most that a member may redeem, each a [[rewards.limit]]"
    )
    automatic: Annotated[tuple[Automatic, ...], Field(max_length=AUTOMATIC_MAX)] = Field(
        default=(), description="what is given without asking, each a [[rewards.automatic]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield rewards that contradict themselves, and names that nothing has."""
        yield from faults_of(self.category, self.reward, self.limit, self.automatic, others)
        points = find_section(others, PointsSection)
        if points and self.approval_over and self.approval_over.scaleb(points.scale) % 1:
            message = f"has more decimals than points.scale, {points.scale}; write fewer"
            yield ("approval_over",), message
