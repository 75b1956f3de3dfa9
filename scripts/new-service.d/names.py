"""What a service is called, and how templates are called after it."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

# What stands in templates, where a boat is the resource.
STAND_IN = ("boats", "boat")
# A package, a module, a database, a DNS label and a part of a variable's name, all in one.
SPELLING = re.compile(r"[a-z]{2,20}")
# What means something else already: sections of the configuration, what stands beside services in manifests, and words
# that are not free in Rust, proto or SQL.
TAKEN = set(
    """
    admin config data fairlead lifecycle limits migrate server suite telemetry
    collector edge envoy garage grafana postgres prometheus redis release stores traces
    bool box dyn enum extern false impl loop match move mut override priv pub ref self static struct super
    trait true try type typeof union unsafe unsized use where while yield abstract async await become break const
    continue crate else final macro mod return
    alloc core proc std test
    map message oneof option optional repeated reserved rpc service stream string syntax to
    all analyse and any array asc case cast check column constraint create default deferrable desc distinct end except
    fetch for foreign from grant group having in index initially intersect into lateral leading limit not null offset on
    only or order placing primary references select some symmetric table tables then trailing unique user using values
    when window with
    account caller change request result row session status title version violation
    create delete update list error etag id main policy rows rpc sql sqlite store suite time wire
    """.split()
)
# Words that would be ambiguous as the name of one, not of all: `order` is a fine variable, a column is `order_id`.
FINE_AS_ONE = {"case", "check", "column", "constraint", "group", "index", "limit", "offset", "option", "order", "service"}
FINE_AS_ONE |= {"table", "user", "window", "message", "map", "stream", "test", "default", "grant", "reference"}


@dataclass(frozen=True)
class Names:
    """`orders` and `order`."""

    plural: str
    singular: str

    @staticmethod
    def parse(plural: str, singular: str | None = None) -> "Names":
        if not SPELLING.fullmatch(plural):
            raise SystemExit(f"{plural!r} is no name for a service: 2 to 20 letters in lower case, such as orders")
        singular = singular or one_of(plural)
        if not SPELLING.fullmatch(singular) or singular == plural:
            raise SystemExit(f"{singular!r} is no name for one of {plural}: give another as SINGULAR, such as SINGULAR=ox")
        return Names(plural, singular)

    def check_free(self, root: Path) -> None:
        """Whether nothing has the name, here or in what the suite is made of."""
        crates = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["dependencies"]
        crates |= {it["name"]: it for it in tomllib.loads((root / "Cargo.lock").read_text())["package"]}
        taken = {"is a crate that the suite uses or consists of": crates, "means something else here": TAKEN}
        for why, names in taken.items():
            if self.plural in names:
                raise SystemExit(f"{self.plural} {why}: choose another name")
        if self.singular in TAKEN - FINE_AS_ONE:
            raise SystemExit(f"one of {self.plural} cannot be called {self.singular}: give another name as SINGULAR")
        for folder in ("proto/fairlead", "migrations", "services", "crates", "deploy/kustomize/base"):
            if (root / folder / self.plural).exists():
                raise SystemExit(f"{folder}/{self.plural} is there already: choose another name")

    def put_into(self, text: str) -> str:
        """A template's text or path with these names."""
        plural, singular = STAND_IN
        if self.singular[0] in "aeio":
            text = re.sub(rf"(?<![A-Za-z])([Aa])([ _])(?={singular}(?![a-z]))", r"\1n\2", text)
        for stand_in, name in ((plural, self.plural), (singular, self.singular)):
            for spelt in (str.upper, str.capitalize, str):
                text = text.replace(spelt(stand_in), spelt(name))
        return text


def one_of(plural: str) -> str:
    if plural.endswith("ies"):
        return plural.removesuffix("ies") + "y"
    if plural.endswith(("sses", "shes", "ches", "xes", "zes")):
        return plural.removesuffix("es")
    return plural.removesuffix("s")
