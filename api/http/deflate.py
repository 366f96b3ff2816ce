"""Compressed messages of sockets (RFC 7692): what is sent to many is compressed once.

Each message is compressed for itself, without what the socket was sent before: then the same
message is the same bytes on every socket, and none keeps a compressor with its window.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache

from websockets.extensions.base import Extension
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame, Opcode
from websockets.typing import ExtensionParameter

# As the server has them by itself.
_WINDOW_BITS = 12
_MEMORY_LEVEL = 5
_KEPT = 64
_KEPT_BYTES_MAX = 65_536
_TAIL = b"\x00\x00\xff\xff"


class DeflateFactory(ServerPerMessageDeflateFactory):
    """Agrees with clients on how messages are compressed."""

    def __init__(self) -> None:
        super().__init__(
            server_no_context_takeover=True,
            server_max_window_bits=_WINDOW_BITS,
            client_max_window_bits=_WINDOW_BITS,
            compress_settings={"memLevel": _MEMORY_LEVEL},
        )

    def process_request_params(
        self,
        params: Sequence[ExtensionParameter],
        accepted_extensions: Sequence[Extension],
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        """Return what is agreed on, and what compresses by it."""
        agreed, made = super().process_request_params(params, accepted_extensions)
        return agreed, _Deflate(
            made.remote_no_context_takeover,
            made.local_no_context_takeover,
            made.remote_max_window_bits,
            made.local_max_window_bits,
            made.compress_settings,
        )


class _Deflate(PerMessageDeflate):
    """Compresses the messages of one socket."""

    def encode(self, frame: Frame) -> Frame:
        """Return a frame as it is sent."""
        if frame.opcode is not Opcode.TEXT or not frame.fin or len(frame.data) > _KEPT_BYTES_MAX:
            return super().encode(frame)
        packed = _packed(bytes(frame.data), self.local_max_window_bits)
        return Frame(Opcode.TEXT, packed, rsv1=True)


@lru_cache(_KEPT)
def _packed(text: bytes, window_bits: int) -> bytes:
    packer = zlib.compressobj(wbits=-window_bits, memLevel=_MEMORY_LEVEL)
    packed = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
    return packed.removesuffix(_TAIL)
