"""Compressed messages: agreed on as the RFC says, right for every client, packed once for all."""

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from api.http.deflate import DeflateFactory


def agreed(*offered: tuple[str, str | None]) -> tuple[dict[str, str | None], PerMessageDeflate]:
    parameters, made = DeflateFactory().process_request_params(offered, [])
    return dict(parameters), made


def client_of(told: dict[str, str | None]) -> PerMessageDeflate:
    """Return what a client makes of what was agreed on."""
    return PerMessageDeflate(
        remote_no_context_takeover="server_no_context_takeover" in told,
        local_no_context_takeover="client_no_context_takeover" in told,
        remote_max_window_bits=int(told.get("server_max_window_bits") or 15),
        local_max_window_bits=int(told.get("client_max_window_bits") or 15),
    )


def text(content: bytes) -> Frame:
    return Frame(Opcode.TEXT, content)


@pytest.mark.parametrize(
    "offered",
    [
        [("client_max_window_bits", None)],
        [],
        [("server_max_window_bits", "10"), ("client_no_context_takeover", None)],
    ],
)
def test_a_client_reads_what_is_packed_for_it(offered: list[tuple[str, str | None]]) -> None:
    told, server = agreed(*offered)
    assert told.get("server_no_context_takeover", "") is None
    client = client_of(told)
    for content in (b'{"type": "next"}' * 100, b"", b"{}", "Đồ uống".encode(), b"x" * 70_000):
        packed = server.encode(text(content))
        assert (packed.rsv1, packed.fin) == (True, True)
        assert bytes(client.decode(packed).data) == content
    assert bytes(server.decode(client.encode(text(b"ping"))).data) == b"ping"


def test_one_message_is_packed_once_for_all_who_agreed_on_the_same() -> None:
    (_, one), (_, other) = agreed(), agreed()
    (_, narrow) = agreed(("server_max_window_bits", "9"))
    content = b'{"type": "next", "payload": {}}' * 20
    packed = one.encode(text(content)).data
    assert other.encode(text(bytes(bytearray(content)))).data is packed
    assert narrow.encode(text(content)).data is not packed


def test_parts_and_other_kinds_go_the_general_way() -> None:
    told, server = agreed()
    client = client_of(told)
    for frame in (Frame(Opcode.BINARY, b"ab" * 50), Frame(Opcode.TEXT, b"ab" * 50, fin=False)):
        assert bytes(client.decode(server.encode(frame)).data) == b"ab" * 50
    ping = Frame(Opcode.PING, b"ab")
    assert server.encode(ping) is ping
