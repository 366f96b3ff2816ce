"""How it is noticed that a node of Valkey has lost something."""

from gamification.leaderboards.rules_keys import pulse_key
from kit.ids import new_id
from kit.valkey import Call, Node, Nodes

_KEPT_SECONDS = 86_400
_TAGS_MAX = 10_000


class Pulse:
    """Marks that are left on every node, each time other ones.

    A node that was emptied, came back with an old file or was replaced by one that is behind does
    not have the last mark any more.
    """

    def __init__(self, valkey: Nodes) -> None:
        self._valkey = valkey
        self._name = str(new_id())
        self._marks: dict[Node, tuple[bytes, bytes]] = {}

    async def lost(self) -> bool:
        """Leave a new mark everywhere; tell whether one before is missing, as the first time.

        Raises an error of `kit.valkey.AWAY`.
        """
        lost, marks = False, {}
        for node in await self._valkey.masters():
            key, last = self._marks.get(node) or (self._key_at(node), b"")
            mark = str(new_id()).encode()
            marks[node] = key, mark
            (reply,) = await node.ask([Call(key, ("SET", key, mark, "GET", "EX", _KEPT_SECONDS))])
            if isinstance(reply, Exception):
                self._marks = {}
                raise reply
            lost = lost or reply != last
        self._marks = marks
        return lost

    def _key_at(self, node: Node) -> bytes:
        """Return a key that lies on a node."""
        for tag in range(_TAGS_MAX):
            key = pulse_key(tag, self._name)
            if self._valkey.node(key) is node:
                return key
        message = "a node has no slots any more"
        raise ConnectionError(message)
