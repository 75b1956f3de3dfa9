"""Every link of every page leads to a file of this repository, and to a heading that it has."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def main() -> int:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    pages = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    texts = {path: CODE.sub("", path.read_text()) for page in pages if (path := ROOT / page).exists()}
    wrong = [f"{page.relative_to(ROOT)}: {link}" for page, text in texts.items() for link in astray(page, text, texts)]
    for line in wrong:
        print(f"{line} leads nowhere", file=sys.stderr)
    return 1 if wrong else 0


def astray(page: Path, text: str, texts: dict[Path, str]) -> list[str]:
    """Links of a page that lead nowhere; those to other places are theirs to keep."""
    wrong = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        to = (page.parent / place).resolve() if place else page
        if not to.exists() or anchor and anchor not in anchors(texts.get(to, "")):
            wrong.append(link)
    return wrong


def anchors(text: str) -> set[str]:
    """What headings can be reached by, as GitHub makes it: lower case, without marks, dashes for spaces."""
    headings = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())
