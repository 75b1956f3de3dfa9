"""The test service in a process of its own, on one core, and what it takes of the machine."""

import os
import socket
import subprocess
import time
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")
MEMORY = "128MiB"


class Server:
    def __init__(self, binary: str, core: int):
        self.port, admin = free_port(), free_port()
        self.admin = f"http://127.0.0.1:{admin}"
        environment = {
            "PATH": os.environ["PATH"],
            "FAIRLEAD__SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "FAIRLEAD__ADMIN__LISTEN": f"127.0.0.1:{admin}",
            "FAIRLEAD__LIFECYCLE__LAME_DUCK": "0s",
            "FAIRLEAD__LIFECYCLE__DRAIN": "1s",
            "FAIRLEAD__LIMITS__MEMORY": MEMORY,
        }
        pin = lambda: os.sched_setaffinity(0, {core})
        self.process = subprocess.Popen(
            [binary], env=environment, stdout=subprocess.DEVNULL, preexec_fn=pin
        )

    def __enter__(self) -> "Server":
        for _ in range(500):
            try:
                with urllib.request.urlopen(f"{self.admin}/ready", timeout=1):
                    return self
            except OSError:
                time.sleep(0.02)
        self.process.kill()
        raise RuntimeError("the server does not become ready")

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def cpu(self) -> float:
        """Seconds of CPU time so far, in user and kernel mode (proc(5), `utime` and `stime`)."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def peak(self) -> float:
        """The most memory it has held since the last `forget`, in MiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024

    def forget(self) -> None:
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as refs:
            refs.write("5")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
