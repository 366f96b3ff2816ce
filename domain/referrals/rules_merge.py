"""What becomes of referrals when two members turn out to be one person: values in and out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.referrals.rules import ALREADY_REFERRED, CIRCULAR_REFERRAL, SELF_REFERRAL
from domain.referrals.rules_course import State


class Kept(NamedTuple):
    """A referral of somebody who is absorbed, or of whom that turns out to be."""

    id: UUID
    referrer_id: UUID
    friend_id: UUID
    state: State
    claimed_at: datetime


class Rejoined(NamedTuple):
    """A referral as it is afterwards: whose it is, and why it is ``refused`` now, if it is."""

    id: UUID
    referrer_id: UUID
    friend_id: UUID
    refused: str | None = None


def rejoin(
    rows: Iterable[Kept], edges: Iterable[tuple[UUID, UUID]], into: Mapping[UUID, UUID]
) -> list[Rejoined]:
    """Return those of ``rows`` that change, now that the keys of ``into`` are its values.

    ``edges`` are friend and referrer of other referrals that connect them. Nobody brought
    himself, was brought twice, or was brought by whom he brought: of two that can't both be, the
    rewarded one stays, else the earlier one. A rewarded one that can't be stays as it was, since
    it was paid.
    """
    ordered = sorted(rows, key=lambda row: (row.state != "rewarded", row.claimed_at, row.id))
    above = dict(edges)
    found = []
    for row in ordered:
        friend = into.get(row.friend_id, row.friend_id)
        referrer = into.get(row.referrer_id, row.referrer_id)
        moved = Rejoined(row.id, referrer, friend)
        why = None if row.state == "refused" else _why(above, friend, referrer)
        if why is not None and row.state == "rewarded":
            continue
        if why is not None:
            moved = moved._replace(refused=why)
        elif row.state != "refused":
            above[friend] = referrer
        if why or (friend, referrer) != (row.friend_id, row.referrer_id):
            found.append(moved)
    return found


def _why(above: Mapping[UUID, UUID], friend: UUID, referrer: UUID) -> str | None:
    if friend == referrer:
        return SELF_REFERRAL
    if friend in above:
        return ALREADY_REFERRED
    return CIRCULAR_REFERRAL if friend in _led(above, referrer) else None


def _led(above: Mapping[UUID, UUID], member: UUID) -> Sequence[UUID]:
    """Return ``member`` and all who led to that one, the nearest first."""
    found = [member]
    while (up := above.get(found[-1])) is not None and up not in found:
        found.append(up)
    return found
