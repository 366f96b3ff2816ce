"""What games judge by: members with all that they did, as one value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules_history import Happening
from domain.members.rules import Member
from domain.programmes.rules import Programme, Timeline
from domain.tiers.rules import Run


@dataclass(frozen=True)
class Ground:
    """Members with their history as it is known at ``now``.

    ``happenings`` are in order of (occurred_at, id), those that don't count any more included;
    ``tiers`` are each member's runs by ladder, empty unless asked for. Every member of ``people``
    is in both. Who is unknown by now is in none.
    """

    brand: Brand
    timeline: Timeline
    now: datetime
    people: Mapping[UUID, Member]
    happenings: Mapping[UUID, Sequence[Happening]]
    tiers: Mapping[UUID, Mapping[str, Sequence[Run]]]

    def counting(self, member_id: UUID) -> Iterator[tuple[Happening, Programme]]:
        """Yield what of a member counts by now, each with the programme that judges it.

        That is the one in force when it happened; before the first there were no games. What is
        dated a little ahead counts as soon as it is told, as its points do.
        """
        for happening in self.happenings.get(member_id, ()):
            programme = self.timeline.at(happening.occurred_at)
            if happening.counts and programme is not None:
                yield happening, programme
