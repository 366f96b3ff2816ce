"""The ``[challenges]`` section of a programme file: what members can take on."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from gamification.challenges.section_faults import faults_of
from gamification.challenges.section_parts import CHALLENGES_MAX, Challenge, Path
from kit.documents import Section

__all__ = ["Challenge", "ChallengesSection"]


class ChallengesSection(Section):
    """Challenges: what is to be done, in which time, for which prize."""

    optional: ClassVar[bool] = True

    challenge: Annotated[tuple[Challenge, ...], Field(min_length=1, max_length=CHALLENGES_MAX)] = (
        Field(description="each a [[challenges.challenge]]")
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield challenges that contradict themselves, and names that nothing has."""
        yield from faults_of(self.challenge, others)
