"""Adds a service to the suite.

__main__.py NAME [SINGULAR]
"""

import sys
from pathlib import Path

import places
from checkout import Checkout
from names import Names

USAGE = """\
usage: make new-service NAME=orders
       make new-service NAME=oxen SINGULAR=ox"""


def main() -> None:
    arguments = [it for it in sys.argv[1:] if it]
    if len(arguments) not in (1, 2):
        raise SystemExit(USAGE)
    root = Path(__file__).parents[2]
    names = Names.parse(*arguments)
    names.check_free(root)
    with Checkout.copied(root) as copy:
        places.write(copy, names)
        copy.settle()
        copy.bring_back()
    print(f"{names.plural} is a service of the suite. Next:")
    print(f"  make run                                                it is in the banner")
    print(f"  cargo test -p {names.plural}; cargo test -p all-in-one {names.plural}")
    print(f"  proto/fairlead/{names.plural}/v1/{names.plural}.proto    say what it keeps instead of a title")


if __name__ == "__main__":
    main()
