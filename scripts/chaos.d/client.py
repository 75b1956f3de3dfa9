"""Somebody who behaves well: calls Echo at an even pace on one connection, and keeps the time."""

import base64
import socket
import time

from hpack import Decoder, Encoder
from hyperframe.frame import PingFrame, SettingsFrame, WindowUpdateFrame

from wire import greeting, message, opening

PACE = 0.005
PATIENCE = 10
RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


def says_when(status: dict[str, str]) -> bool:
    """Whether there is a google.rpc.RetryInfo among the details (a serialised google.rpc.Status, in base64)."""
    details = status.get("grpc-status-details-bin", "")
    return RETRY_INFO in base64.b64decode(details + "=" * (-len(details) % 4))


class Client:
    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = Encoder(), Decoder()
        self.stream = -1
        self.socket.sendall(greeting() + SettingsFrame(0, flags=["ACK"]).serialize())

    def echo(self) -> float:
        """One call; gives back how long it took. Raises when it ends badly."""
        self.stream += 2
        call = opening(self.encoder, self.stream, "Echo") + message(self.stream, b"\x0a\4ahoy")
        began = time.monotonic()
        self.socket.sendall(call)
        status = self.status()
        took = time.monotonic() - began
        # Where all places are taken, RESOURCE_EXHAUSTED at once is the answer, if it says when to come again.
        code = status.get("grpc-status")
        if code != "0" and not (code == "8" and says_when(status)):
            raise RuntimeError(f"a call of the well-behaved client ended with status {status}")
        return took

    def status(self) -> dict[str, str]:
        """Reads until the call's trailers, and gives them back."""
        while True:
            head = self.exactly(9)
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            payload = self.exactly(length)
            if kind == 1:
                headers = dict(self.decoder.decode(payload))
                if flags & 1:
                    return headers
            elif kind == 0 and length:
                self.socket.sendall(WindowUpdateFrame(0, window_increment=length).serialize())
            elif kind == 6 and not flags & 1:
                self.socket.sendall(PingFrame(0, payload, flags=["ACK"]).serialize())
            elif kind in (3, 7):
                raise RuntimeError(f"the well-behaved client was sent a frame of type {kind}")

    def exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                raise RuntimeError("the well-behaved client's connection was closed")
            got += more
        return got

    def p99(self, seconds: float) -> float:
        """Calls for so long; gives back the 99th percentile, in milliseconds."""
        times, until = [], time.monotonic() + seconds
        while time.monotonic() < until:
            times.append(self.echo())
            time.sleep(PACE)
        times.sort()
        return times[int(len(times) * 0.99)] * 1000
