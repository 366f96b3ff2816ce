"""The ``[streaks]`` section of a programme file: what members do period after period."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from gamification.streaks.section_faults import faults_of
from gamification.streaks.section_parts import STREAKS_MAX, Milestone, Path, Streak
from kit.documents import Section

__all__ = ["Milestone", "Streak", "StreaksSection"]


class StreaksSection(Section):
    """What members do period after period, and what it wins."""

    optional: ClassVar[bool] = True

    streak: Annotated[tuple[Streak, ...], Field(min_length=1, max_length=STREAKS_MAX)] = Field(
        description="the streaks, each a [[streaks.streak]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield streaks that contradict themselves, and names that nothing has."""
        yield from faults_of(self.streak, others)
