"""What a shower knows of windows in Valkey, and what it tells their shards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gamification.leaderboards.queries_showing import Part, Shown
from gamification.leaderboards.rules_keys import shard_key
from gamification.leaderboards.scripts import BEGIN, LOOK, PUSH
from kit.valkey import Call


@dataclass(slots=True)
class Shard:
    """What a shard said of itself: the generation shown and the one being built, with positions."""

    key: bytes
    number: int
    gen: bytes | None = None
    seq: int = 0
    dense: bool = False
    new: bytes | None = None
    new_seq: int = 0
    new_dense: bool = False
    size: int = 0

    def heard(self, reply: Sequence[Any]) -> None:
        """Take over what `LOOK` says."""
        self.gen, self.seq, self.dense = reply[0], int(reply[1] or 0), reply[2] == b"1"
        self.new, self.new_seq, self.new_dense = reply[3], int(reply[4] or 0), reply[5] == b"1"
        self.size = int(reply[9])

    def generations(self) -> list[tuple[bytes, int]]:
        """Return each generation with its position."""
        pairs = ((self.gen, self.seq), (self.new, self.new_seq))
        return [(gen, seq) for gen, seq in pairs if gen is not None]

    def lacks(self, *, dense: bool) -> bool:
        """Tell whether no generation of the wanted kind is shown or being built."""
        shown = self.gen is not None and self.dense == dense
        return not shown and not (self.new is not None and self.new_dense == dense)


@dataclass(slots=True)
class View:
    """A window as it is in Valkey: its shards, and those of another number being built."""

    shards: list[Shard]
    parts: list[Shard]
    ends: int
    """When it goes, in seconds since 1970; 0: it stays."""

    @property
    def live(self) -> bool:
        """Whether readers see it whole."""
        return all(shard.gen for shard in self.shards)

    @property
    def settled(self) -> bool:
        """Whether nothing is being built."""
        return self.live and not self.parts and not any(shard.new for shard in self.shards)

    def furthest(self) -> int:
        """Return up to which position the fastest of its generations has come."""
        shards = [*self.shards, *self.parts]
        return max((seq for each in shards for _, seq in each.generations()), default=0)

    def position(self) -> int:
        """Return up to which position the slowest of its generations has come."""
        shards = [*self.shards, *self.parts]
        return min((seq for each in shards for _, seq in each.generations()), default=0)


@dataclass(slots=True)
class Push:
    """The rows that a generation of a shard lacks: ``parts`` lead it from ``after`` to ``to``."""

    window: Shown
    shard: Shard
    gen: bytes
    after: int
    to: int
    ends: int
    parts: Sequence[Part] = ()
    whole: bool = True
    """Whether there was nothing behind ``to`` when the rows were read."""

    def calls(self) -> list[Call]:
        """Return the steps, which apply only one after the other."""
        ends = [part.last for part in self.parts[:-1]] + [self.to]
        blobs = [part.packed for part in self.parts] or [b""]
        calls, after = [], self.after
        for number, (to, packed) in enumerate(zip(ends, blobs, strict=True), start=1):
            whole = int(self.whole and number == len(blobs))
            words = (self.gen, after, to, whole, self.ends, packed)
            calls.append(Call(self.shard.key, words, PUSH))
            after = to
        return calls


def shards_of(window_id: int, shards: int) -> list[Shard]:
    """Return the shards of a window that is split into so many, nothing known of them."""
    return [Shard(shard_key(window_id, shards, n), n) for n in range(shards)]


def look(shard: Shard) -> Call:
    """Return the question where a shard is."""
    return Call(shard.key, (), LOOK)


def begin(shard: Shard, *, dense: bool, fresh: bool = False) -> Call:
    """Return the order to begin a generation, beside what is shown; ``fresh``: another one."""
    return Call(shard.key, (int(dense), int(fresh)), BEGIN)
