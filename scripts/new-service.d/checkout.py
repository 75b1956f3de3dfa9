"""A copy of the checkout to work in: what is made there comes back as a whole, or not at all."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

# What is made here and is in no commit.
NOT_COPIED = shutil.ignore_patterns("target", ".git", ".fairlead", "node_modules", "__pycache__")


class Checkout:
    def __init__(self, origin: Path, root: Path) -> None:
        self.origin, self.root = origin, root
        # Paths of what is to come back.
        self.written: set[str] = set()

    @staticmethod
    @contextmanager
    def copied(origin: Path) -> Iterator["Checkout"]:
        (origin / "target").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="new-service-") as folder:
            root = Path(folder) / "checkout"
            shutil.copytree(origin, root, ignore=NOT_COPIED, symlinks=True)
            # Tools are installed there.
            (root / "target").symlink_to((origin / "target").resolve())
            yield Checkout(origin, root)

    def add(self, path: str, text: str, mode: int) -> None:
        file = self.root / path
        if file.exists():
            raise SystemExit(f"{path} is there already")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        self.written.add(path)

    def change(self, path: str, pattern: str, replacement: str | Callable[[re.Match], str], what: str) -> None:
        """Replaces the one place that a pattern finds."""
        file = self.root / path
        text = file.read_text() if file.is_file() else ""
        changed, found = re.subn(pattern, replacement, text, flags=re.M)
        if found != 1:
            raise SystemExit(f"{path}: looked for {what} and found it {found} times; nothing was changed")
        file.write_text(changed)
        self.written.add(path)

    def extend(self, path: str, list_: str, item: str, what: str) -> None:
        """Puts one more item at the end of the list in brackets that a pattern finds the beginning of."""
        self.change(path, rf"({list_}\s*&?\[[^\]]*?),?\s*\]", rf"\g<1>, {item}]", what)

    def run(self, *command: str) -> None:
        done = self.tried(*command)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} fails; nothing was changed\n{done.stdout}{done.stderr}")

    def tried(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True)

    def settle(self) -> None:
        """Lets the tools write what follows from the rest: the lock file, the format of the code, the edge's contract."""
        lock = ["cargo", "update", "--quiet", "--workspace"]
        # Where nothing was ever fetched, cargo has to ask.
        if self.tried(*lock, "--offline").returncode != 0:
            self.run(*lock)
        rust = sorted(path for path in self.written if path.endswith(".rs"))
        self.run("rustfmt", "--edition", "2024", *rust)
        self.run("scripts/edge-contract")
        self.written |= {"Cargo.lock", "deploy/envoy/contract.binpb"}

    def bring_back(self) -> None:
        """Copies what was written to where it belongs; should that fail in the middle, everything is put back."""
        before: dict[Path, bytes | None] = {}
        try:
            for path in sorted(self.written):
                there = self.origin / path
                before[there] = there.read_bytes() if there.exists() else None
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.root / path, there)
        except BaseException:
            for there, content in before.items():
                if content is not None:
                    there.write_bytes(content)
                    continue
                there.unlink(missing_ok=True)
                folders = (it for it in there.parents if it.is_relative_to(self.origin))
                for folder in takewhile(lambda it: it.is_dir() and not any(it.iterdir()), folders):
                    folder.rmdir()
            raise
