"""`python -m stumble` is the `stumble` command."""

from __future__ import annotations

import sys

from stumble.cli import main

if __name__ == "__main__":
    sys.exit(main())
