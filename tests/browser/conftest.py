"""The page of a running host."""

from __future__ import annotations

import pytest

from lab.host.page import open_page


@pytest.fixture
def page_and_problems(host):
    """The open page, and the errors that it will have reported."""
    problems: list[str] = []
    with open_page(host.url, problems=problems) as page:
        yield page, problems
