"""Plays an attack on several connections at once, and makes a new one for each that is closed."""

import os
import selectors
import socket
import time
from multiprocessing import Value

from attacks import Attack

# Whoever behaves well comes from another address.
ADDRESS = "127.0.0.66"


class Connection:
    """One connection and how far it is in the script."""

    def __init__(self, port: int, attack: Attack):
        self.attack = attack
        self.left = memoryview(attack.once)
        self.socket = socket.socket()
        self.socket.bind((ADDRESS, 0))
        self.socket.settimeout(0.5)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.next = 0.0

    def events(self) -> int:
        wants = selectors.EVENT_READ if self.attack.reads else 0
        return wants | (selectors.EVENT_WRITE if self.left or self.attack.again else 0)

    def go_on(self, events: int) -> None:
        """Says more, and reads what came. Raises when the server has had enough."""
        if events & selectors.EVENT_READ and not self.socket.recv(1 << 20):
            raise ConnectionError
        if events & selectors.EVENT_WRITE:
            self.left = self.left or memoryview(self.attack.again)
            self.left = self.left[self.socket.send(self.left[: self.most()]) :]

    def most(self) -> int | None:
        """How much it may say now: everything, or a byte when its time has come."""
        now = time.monotonic()
        if not self.attack.pause:
            return None
        if now < self.next:
            return 0
        self.next = now + self.attack.pause
        return 1


def run(port: int, attack: Attack, stop_at: float, made: Value) -> None:
    """Attacks until then. Politer than the client to the one core that they share: it is the server that is measured."""
    os.nice(19)
    with selectors.DefaultSelector() as selector:
        for _ in range(attack.connections):
            begin(selector, port, attack, made)
        while time.monotonic() < stop_at:
            while missing and time.monotonic() < stop_at:
                begin(selector, port, missing.pop(), made)
            for key, events in selector.select(0.1):
                turn(selector, key, events, port, attack, made)
            # A socket that could be written to is no reason to look at it all the time.
            time.sleep(attack.pause / 10)
        for key in list(selector.get_map().values()):
            key.data.socket.close()


def turn(selector, key, events, port, attack, made) -> None:
    connection = key.data
    try:
        connection.go_on(events)
        if connection.events() == 0:
            selector.unregister(connection.socket)
            deaf.append(connection)
        elif connection.events() != key.events:
            selector.modify(connection.socket, connection.events(), connection)
    except BlockingIOError:
        pass
    except OSError:
        selector.unregister(connection.socket)
        connection.socket.close()
        begin(selector, port, attack, made)


# Connections that the server would not take.
missing: list[Attack] = []
# Those that have said everything and do not listen: kept open until the process ends.
deaf: list[Connection] = []


def begin(selector, port, attack, made) -> None:
    try:
        connection = Connection(port, attack)
    except OSError:
        missing.append(attack)
        return
    made.value += 1
    selector.register(connection.socket, connection.events(), connection)
