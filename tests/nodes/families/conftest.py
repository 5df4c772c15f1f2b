"""Small models of every family for the tests of this folder, on one thread: networks this small only make threads wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from family_kit import SmallModels


@pytest.fixture(scope="session")
def small_models(pack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallModels]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield SmallModels(pack, tmp_path_factory.mktemp("families"))
    torch.set_num_threads(threads)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "node(name): the node of the pack that a test of a family runs")
