"""Bytes of HTTP/2 as an attacker would write them: nothing is checked."""

from hpack import Encoder
from hyperframe.frame import DataFrame, HeadersFrame, SettingsFrame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SERVICE = "/fairlead.testing.v1.TestService/"
# SETTINGS_INITIAL_WINDOW_SIZE.
WINDOW = 4


def greeting(**settings: int) -> bytes:
    """The preface and the first SETTINGS: `window=0` leaves the server no room for answers."""
    chosen = {WINDOW: settings["window"]} if settings else {}
    return PREFACE + SettingsFrame(0, settings=chosen).serialize()


def opening(encoder: Encoder, stream: int, method: str, more=(), flags=("END_HEADERS",)) -> bytes:
    """The HEADERS of a call."""
    block = encoder.encode(call_headers(method) + list(more), huffman=False)
    return HeadersFrame(stream, block, flags=flags).serialize()


def call_headers(method: str) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", SERVICE + method),
        (":authority", "chaos"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]


def message(stream: int, payload: bytes, flags=("END_STREAM",)) -> bytes:
    """A gRPC message in DATA frames of at most 16 KiB."""
    body = b"\0" + len(payload).to_bytes(4, "big") + payload
    parts = [body[start : start + 16384] for start in range(0, len(body), 16384)]
    frames = [DataFrame(stream, part) for part in parts]
    for flag in flags:
        frames[-1].flags.add(flag)
    return b"".join(frame.serialize() for frame in frames)
