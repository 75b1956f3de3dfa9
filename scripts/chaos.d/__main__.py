"""Attacks the test service, and says what each attack costs it and everybody else."""

import os
import statistics
import sys
import time
from dataclasses import dataclass
from multiprocessing import Process, Value

import attacker
from attacks import ALL, Attack
from client import Client
from server import Server

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS_EACH", "3"))

# What an attack may cost: of the server's core, of others' patience, of memory.
MOST_CPU = 0.25
MOST_DELAY = 2.0
# A 99th percentile of less than this above the idle one is noise of the machine.
NOISE_MS = 3.0
MOST_MEMORY_MIB = 115.0
# How long somebody who connects in the middle of it may wait for an answer.
MOST_WAIT_MS = 1500.0


@dataclass
class Round:
    idle_ms: float
    attacked_ms: float
    newcomer_ms: float
    cpu: float
    peak_mib: float
    connections: int


def main() -> int:
    binary, *names = sys.argv[1:]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("one core cannot attack itself: two are needed", file=sys.stderr)
        return 2
    os.sched_setaffinity(0, {cores[-1]})
    print(f"{'attack':<28}{'connections':>12}{'CPU':>8}{'p99 idle':>12}{'attacked':>12}{'newcomer':>12}{'memory':>12}", flush=True)
    failures = []
    for name in names or ALL:
        attack = ALL[name]()
        with Server(binary, cores[0]) as server:
            rounds = [one_round(server, attack) for _ in range(ROUNDS)]
        failures += judge(name, rounds)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def one_round(server: Server, attack: Attack) -> Round:
    client = Client(server.port)
    client.p99(0.3)
    cpu, began = server.cpu(), time.monotonic()
    idle_ms = client.p99(SECONDS)
    idle_cpu = (server.cpu() - cpu) / (time.monotonic() - began)

    server.forget()
    made = Value("L", 0)
    against = (server.port, attack, time.monotonic() + SECONDS + 2 * MOST_WAIT_MS / 1000, made)
    attacking = Process(target=attacker.run, args=against, daemon=True)
    attacking.start()
    # Whoever makes no call for a while may lose its place to those who come.
    while made.value < attack.connections and attacking.is_alive():
        client.p99(0.01)
    cpu, began = server.cpu(), time.monotonic()
    attacked_ms = client.p99(SECONDS)
    attacked_cpu = (server.cpu() - cpu) / (time.monotonic() - began)
    newcomer_ms = wait_of_a_newcomer(server.port)
    # It has shown what it can do.
    attacking.terminate()
    attacking.join()
    return Round(idle_ms, attacked_ms, newcomer_ms, attacked_cpu - idle_cpu, server.peak(), made.value)


def wait_of_a_newcomer(port: int) -> float:
    """How long it takes to connect and be answered, in milliseconds."""
    began = time.monotonic()
    Client(port).echo()
    return (time.monotonic() - began) * 1000


def judge(name: str, rounds: list[Round]) -> list[str]:
    median = lambda field: statistics.median(getattr(each, field) for each in rounds)
    idle, attacked, cpu = median("idle_ms"), median("attacked_ms"), median("cpu")
    newcomer = median("newcomer_ms")
    peak = max(each.peak_mib for each in rounds)
    connections = round(median("connections"))
    print(
        f"{name:<28}{connections:>12}{cpu:>8.2f}{idle:>9.2f} ms{attacked:>9.2f} ms{newcomer:>9.0f} ms{peak:>8.1f} MiB",
        flush=True,
    )
    wrong = []
    if cpu > MOST_CPU:
        wrong.append(f"{name}: {cpu:.2f} of a core, at most {MOST_CPU}")
    if attacked > max(idle * MOST_DELAY, idle + NOISE_MS):
        wrong.append(f"{name}: p99 {attacked:.2f} ms instead of {idle:.2f} ms")
    if newcomer > MOST_WAIT_MS:
        wrong.append(f"{name}: a newcomer waits {newcomer:.0f} ms, at most {MOST_WAIT_MS:.0f}")
    if peak > MOST_MEMORY_MIB:
        wrong.append(f"{name}: {peak:.0f} MiB, at most {MOST_MEMORY_MIB:.0f}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
