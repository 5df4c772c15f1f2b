"""``python -m inversecrafter_client run | batch | list | cancel``; each has its ``--help``."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
