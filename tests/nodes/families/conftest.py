"""Small models of every family for the tests of this folder, on one thread: networks this small only make threads wait."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from families.kit import SHIFTS, SmallModels


@pytest.fixture(scope="session")
def small_models(pack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallModels]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield SmallModels(pack, tmp_path_factory.mktemp("families"))
    torch.set_num_threads(threads)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--matrix", metavar="FILE", help="write the outcome of every node on every family as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "node(name, refused=False): the node that a test runs on a family, or that refuses it")


OUTCOMES: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
"""Outcomes of all tests, by family and node: yes, refused, skipped or FAILED."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    params = getattr(getattr(item, "callspec", None), "params", {})
    for mark in item.iter_markers("node"):
        if report.when == "call" or report.skipped or report.failed:
            done = "refused" if mark.kwargs.get("refused") else "yes"
            outcome = {"passed": done, "skipped": "skipped", "failed": "FAILED"}[report.outcome]
            OUTCOMES[params["family"].name][mark.args[0]].add(outcome)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report of ``--matrix``: a node's outcome on a family is FAILED if any test of it failed."""
    file = session.config.getoption("--matrix", None)
    if file is None:
        return
    from lab.host.modules import HOST

    worst = ("FAILED", "refused", "yes", "skipped")
    outcomes = {
        family: {node: next(word for word in worst if word in found) for node, found in nodes.items()}
        for family, nodes in OUTCOMES.items()
    }
    report = {"host": HOST, "outcomes": outcomes, "shifts": SHIFTS}
    Path(file).write_text(json.dumps(report, indent=1), encoding="utf-8")
