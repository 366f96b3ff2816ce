"""What members and staff change of people on boards, decided one after the other."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from gamification.leaderboards.rules_people import ALIAS_MAX, ALIAS_MIN, folded, tidy
from kit.calendar import datable
from kit.errors import LaurelError
from kit.ids import content_hash, derived_id
from kit.texts import usable

ALL = ""
REASON_LENGTH_MAX = 2_000

Kind = Literal[
    "set_alias",
    "moderate",
    "hide",
    "show",
    "leave_leagues",
    "enter_leagues",
    "ban",
    "lift",
    "exclude",
    "include",
]
AbsenceKind = Literal["hidden", "banned", "excluded"]

FACTS = {"ban": "MemberBanned", "lift": "BanLifted"}
"""What is told of a change; BoardChoiceChanged of all others."""

_STAFF = frozenset({"moderate", "ban", "lift", "exclude", "include"})


@dataclass(frozen=True, slots=True)
class PersonChange:
    """A change under a key, by ``actor``, of the member whom the brand knows by ``member``.

    ``set_alias`` to ``alias``, or None to have none; ``moderate``: staff remove the alias, which
    nobody takes again; ``hide`` from and ``show`` on ``board``, None all of them; leave and enter
    the leagues, which keeps the seat of this week; ``ban`` from ``board``, or from one window of
    it, ``until`` an instant or for ever; ``lift``: end bans; ``exclude`` somebody who works for
    the brand, ``include``: list them again. Staff say a ``reason``.
    """

    key: str
    member: str
    kind: Kind
    actor: str
    reason: str = ""
    alias: str | None = None
    board: str | None = None
    until: datetime | None = None
    window_id: int = 0

    @property
    def request(self) -> bytes:
        """What tells this change from another one under its key."""
        until = self.until.isoformat() if self.until else ""
        alias = ("", "") if self.alias is None else ("alias", self.alias)
        said = (self.member, self.kind, self.actor, self.reason, *alias, self.board or ALL)
        texts = (*said, until, str(self.window_id))
        return content_hash(*(each.encode(errors="surrogatepass") for each in texts))


class PersonRefusedError(LaurelError):
    """A change can't be made."""


class Alias(NamedTuple):
    """An alias that is in use, or (``removed``) that nobody may use."""

    id: UUID
    member_id: UUID
    alias: str
    folded: str
    removed: bool


class Absent(NamedTuple):
    """A row that keeps a member off boards."""

    id: UUID
    member_id: UUID
    board: str
    window_id: int
    kind: AbsenceKind
    until: datetime | None


@dataclass
class People:
    """Members whom changes name, as they are after the changes so far, and what those wrote."""

    now: datetime
    brand_id: int
    boards: frozenset[str]
    members: dict[str, UUID]
    aliases: dict[str, Alias]
    absent: dict[tuple[UUID, str, int, AbsenceKind], Absent]
    dropped: list[UUID] = field(default_factory=list)
    removed: list[Alias] = field(default_factory=list)
    named: dict[UUID, Alias] = field(default_factory=dict)
    ended: list[UUID] = field(default_factory=list)
    begun: dict[UUID, Absent] = field(default_factory=dict)
    away: dict[UUID, bool] = field(default_factory=dict)

    def alias_of(self, member_id: UUID) -> Alias | None:
        """Return the alias that a member has now."""
        mine = (each for each in self.aliases.values() if each.member_id == member_id)
        return next((each for each in mine if not each.removed), None)

    def drop(self, alias: Alias) -> None:
        """Free an alias."""
        del self.aliases[alias.folded]
        if self.named.pop(alias.id, None) is None:
            self.dropped.append(alias.id)

    def begin(self, absent: Absent) -> None:
        """Keep a member off, or change until when."""
        key = absent.member_id, absent.board, absent.window_id, absent.kind
        before = self.absent.get(key)
        if before is not None and before.until == absent.until:
            return
        if before is not None:
            self.end(before)
        self.absent[key] = self.begun[absent.id] = absent

    def end(self, absent: Absent) -> None:
        """Keep a member off no longer."""
        del self.absent[absent.member_id, absent.board, absent.window_id, absent.kind]
        if self.begun.pop(absent.id, None) is None:
            self.ended.append(absent.id)

    def of(self, member_id: UUID, kind: AbsenceKind, board: str) -> list[Absent]:
        """Return what keeps a member off a board, or off any, in this way."""
        return [
            each
            for each in self.absent.values()
            if each.member_id == member_id and each.kind == kind and board in {ALL, each.board}
        ]


def decide(people: People, item: PersonChange) -> UUID:
    """Make a change in ``people`` and return whose it is. Raises `PersonRefusedError`.

    Codes: INVALID_INPUT, MEMBER_NOT_FOUND, BOARD_NOT_FOUND, INVALID_ALIAS, ALIAS_TAKEN,
    ALIAS_REMOVED, NO_ALIAS, HIDDEN_EVERYWHERE, NOT_BANNED. What is so already stays so.
    """
    _check(people, item)
    member_id = people.members[item.member]
    board = item.board or ALL
    id_ = derived_id("board person", str(people.brand_id), item.key)
    match item.kind:
        case "set_alias":
            _set_alias(people, id_, member_id, item.alias)
        case "moderate":
            _moderate(people, member_id)
        case "hide":
            people.begin(Absent(id_, member_id, board, 0, "hidden", None))
        case "show":
            _show(people, member_id, board)
        case "leave_leagues" | "enter_leagues":
            people.away[member_id] = item.kind == "leave_leagues"
        case "ban":
            row = Absent(id_, member_id, board, item.window_id, "banned", item.until)
            people.begin(row)
        case "lift":
            _lift(people, member_id, board)
        case "exclude":
            people.begin(Absent(id_, member_id, ALL, 0, "excluded", None))
        case _:
            for each in people.of(member_id, "excluded", ALL):
                people.end(each)
    return member_id


def _check(people: People, item: PersonChange) -> None:
    reasoned = usable(item.reason, REASON_LENGTH_MAX)
    if not usable(item.actor) or not (reasoned or (not item.reason and item.kind not in _STAFF)):
        raise _refused("INVALID_INPUT", "Say who does it and, as staff, why, in printable text.")
    if item.member not in people.members:
        raise _refused("MEMBER_NOT_FOUND", "The brand has no such member.", "member")
    # A window outlives a board that the brand gives up.
    known = item.board is None or item.window_id or item.board in people.boards
    if not known and item.kind not in {"show", "lift"}:
        raise _refused("BOARD_NOT_FOUND", "The programme has no such board.", "board")
    if item.until is not None and not (datable(item.until) and item.until > people.now):
        raise _refused("INVALID_INPUT", "A ban ends at a later instant, or never.", "until")


def _set_alias(people: People, id_: UUID, member_id: UUID, wanted: str | None) -> None:
    mine = people.alias_of(member_id)
    if wanted is None:
        if mine is not None:
            people.drop(mine)
        return
    shown = tidy(wanted)
    if shown is None:
        message = (
            f"An alias has {ALIAS_MIN} to {ALIAS_MAX} printable characters, one a letter or digit."
        )
        raise _refused("INVALID_ALIAS", message, "alias")
    other = people.aliases.get(folded(shown))
    if other is not None and other.removed:
        raise _refused("ALIAS_REMOVED", "Staff have removed this alias; choose another.", "alias")
    if other is not None and other.member_id != member_id:
        raise _refused("ALIAS_TAKEN", "Somebody else has this alias; choose another.", "alias")
    if mine is not None:
        if mine.alias == shown:
            return
        people.drop(mine)
    alias = Alias(id_, member_id, shown, folded(shown), removed=False)
    people.aliases[alias.folded] = people.named[alias.id] = alias


def _moderate(people: People, member_id: UUID) -> None:
    mine = people.alias_of(member_id)
    if mine is None:
        raise _refused("NO_ALIAS", "This member has no alias.", "member")
    people.aliases[mine.folded] = mine._replace(removed=True)
    people.removed.append(mine)


def _show(people: People, member_id: UUID, board: str) -> None:
    everywhere = people.absent.get((member_id, ALL, 0, "hidden"))
    if board != ALL and everywhere is not None:
        message = "This member is hidden from all boards; show the member on all of them."
        raise _refused("HIDDEN_EVERYWHERE", message, "board")
    for each in people.of(member_id, "hidden", board):
        people.end(each)


def _lift(people: People, member_id: UUID, board: str) -> None:
    bans = people.of(member_id, "banned", board)
    if not bans:
        raise _refused("NOT_BANNED", "This member is not banned there.", "board")
    for each in bans:
        people.end(each)


def _refused(code: str, message: str, *path: str) -> PersonRefusedError:
    return PersonRefusedError(message, code=code, path=path)
