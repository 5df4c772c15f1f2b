"""A real server with small random-weight models of every family, shared by the tests that need it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def families_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from families.served import PLACES

    from lab.host.paths import prepare_base
    from lab.host.server import running_host

    base = tmp_path_factory.mktemp("families")
    prepare_base(base)
    install = f"{PLACES}; from pathlib import Path; from families.served import install; install(Path({str(base)!r}))"
    subprocess.run([sys.executable, "-c", install], cwd=ROOT, check=True)
    with running_host(base=base) as client:
        yield client
