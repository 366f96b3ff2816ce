"""The ``[badges]`` section of a programme file: what members can be proud of."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from domain.rewards.section_parts import Picture
from gamification.badges.section_faults import faults_of
from gamification.badges.section_parts import BADGES_MAX, Badge, Goal, Level, Path
from kit.documents import Section, fault
from kit.words import LongWords

__all__ = ["Badge", "BadgesSection", "Goal", "Level"]

_ADDRESS = re.compile(r"https://[^\s\"<>\\^`{|}\x00-\x20\x7f]{1,1990}")


def _address(value: object) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise fault('is no address; write one such as "https://example.com"')
    return value


Address = Annotated[
    str,
    BeforeValidator(_address),
    WithJsonSchema({"type": "string", "pattern": f"^{_ADDRESS.pattern}$"}),
]


class BadgesSection(Section):
    """The badges of the brand, and what its public profile as their issuer says of it."""

    optional: ClassVar[bool] = True

    about: LongWords | None = Field(
        default=None, description="who the brand is, for people who are shown a badge"
    )
    url: Address | None = Field(
        default=None, description="the address of the brand's own pages, with https://"
    )
    picture: Picture | None = Field(default=None, description="the address of the brand's sign")
    badge: Annotated[tuple[Badge, ...], Field(min_length=1, max_length=BADGES_MAX)] = Field(
        description="the badges, each a [[badges.badge]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield badges that contradict themselves, and names that nothing has."""
        yield from faults_of(self.badge, others)
