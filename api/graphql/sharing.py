"""Reads in batches of what members have with others: households, invitations."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.graphql.reads import Reads
from api.graphql.shared import Shared
from domain.brands.rules import Brand
from domain.households import queries as households
from domain.households.queries import Invitation
from domain.households.rules import Household
from kit.db import Session

K = TypeVar("K")
V = TypeVar("V")


class Sharing:
    """The batched reads of one brand at one instant, as `api.graphql.loaders.Loaders`."""

    def __init__(self, reads: Reads, brand: Brand, now: datetime) -> None:
        self._reads = reads
        self._brand = brand
        self._now = now
        self.households: DataLoader[UUID, Household | None] = self._loader(self._households)
        self.households_of: DataLoader[UUID, Household | None] = self._loader(self._households_of)
        self.invitations: DataLoader[UUID, Invitation | None] = self._loader(self._invitations)
        self.invitations_of: DataLoader[UUID, list[Invitation] | None] = self._loader(
            self._invitations_of
        )

    def _loader(
        self, read: Callable[[Session, list[K]], Coroutine[Any, Any, Mapping[K, V]]]
    ) -> DataLoader[K, V | None]:
        async def load(keys: list[K]) -> Sequence[V | None]:
            async with self._reads.session() as session:
                found = await read(session, keys)
            return [found.get(key) for key in keys]

        return Shared(load_fn=load)

    async def _households(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Household]:
        return await households.households(session, self._brand.id, ids)

    async def _households_of(
        self, session: Session, member_ids: list[UUID]
    ) -> Mapping[UUID, Household]:
        return await households.households_of(session, self._brand.id, member_ids)

    async def _invitations(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Invitation]:
        return await households.invitations(session, self._now, self._brand.id, ids)

    async def _invitations_of(
        self, session: Session, member_ids: list[UUID]
    ) -> Mapping[UUID, list[Invitation]]:
        return await households.invitations_of(session, self._now, self._brand.id, member_ids)
