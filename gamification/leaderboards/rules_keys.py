"""How a board lies in Valkey: names of keys, and an order that loses nothing.

A window's elements are a sorted set. The element's score is the score itself. The member is eight
bytes that are the larger the earlier the score was reached, and then the entity's sixteen: equal
scores are ordered by their members' bytes, so that from the highest down the set is in the order
of the board: score, who was first, entity. A hash has the eight bytes of each entity, which find
its element. A script of one window touches keys of one hash tag alone.
"""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

SCORE_MAX = 2**53
"""The furthest from nought a score may be: a sorted set has no exact whole numbers beyond."""
ROW_BYTES = 32
SHARDS_MAX = 64

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Moments before 1970 have their place too; year 9999 is far below it.
_LAST = 2**62
_GONE = float("nan")


class Element(NamedTuple):
    """One place of a board."""

    entity: UUID
    score: int
    reached_at: datetime


def element_key(element: Element) -> tuple[int, int, bytes]:
    """Return what orders a board: the greatest first."""
    return element.score, -microseconds(element.reached_at), element.entity.bytes


def microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970 in UTC, without rounding."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_bytes(reached_at: datetime) -> bytes:
    """Return eight bytes that are the greater the earlier ``reached_at`` is."""
    return (_LAST - microseconds(reached_at)).to_bytes(8, "big")


def member_of(element: Element) -> bytes:
    """Return an element's member in the sorted set."""
    return moment_bytes(element.reached_at) + element.entity.bytes


def read_element(member: bytes, score: bytes | float) -> Element:
    """Return the element of a member and its score as the server tells it."""
    since = _LAST - int.from_bytes(member[:8], "big")
    entity = UUID(bytes=member[8:])
    return Element(entity, int(float(score)), _EPOCH + timedelta(microseconds=since))


def fits(score: int) -> bool:
    """Tell whether a sorted set holds ``score`` exactly."""
    return -SCORE_MAX <= score <= SCORE_MAX


def pack(rows: Iterable[tuple[Element, bool]]) -> bytes:
    """Return rows as the scripts read them, 32 bytes each; one not listed is to be removed."""
    return b"".join(
        member_of(row) + struct.pack(">d", row.score if listed and fits(row.score) else _GONE)
        for row, listed in rows
    )


def shard_of(entity: UUID, shards: int) -> int:
    """Return in which of ``shards``, a power of two, an entity is: its last byte is random."""
    return entity.bytes[15] & (shards - 1)


def shards_for(members: int, shard_above: int) -> int:
    """Return into how many shards a window of so many members is split: 1, 2, 4 … 64."""
    shards = 1
    while shards < SHARDS_MAX and members > shards * shard_above:
        shards *= 2
    return shards


def root_key(window_id: int) -> bytes:
    """Return the key of what is known of a window, which is the only shard of one not split."""
    return b"lb:{w%d}" % window_id


def shard_key(window_id: int, shards: int, shard: int) -> bytes:
    """Return the key of what is known of one of a window's ``shards``."""
    if shards == 1:
        return root_key(window_id)
    return b"lb:{w%d.%d.%d}" % (window_id, shards, shard)


def pulse_key(slot_tag: int, shower: str) -> bytes:
    """Return the key by which one shower sees that a node has lost nothing."""
    return f"lb:{{pulse{slot_tag}}}:{shower}".encode()


def channel(brand_id: int, window_id: int) -> str:
    """Return the name of the channel on which a window's changes are announced."""
    return f"laurel:{brand_id}:board:{window_id}"
