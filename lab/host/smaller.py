"""The host's network classes at smaller sizes, for those whose sizes the host writes as constants.

Most sizes are read from the weights of a file; some (Mochi's depth, the widths of several VAEs) are arguments that the host
passes itself. Here those arguments are replaced in the constructor of a class, so that a small file goes through the stock
loaders: detection, conversion of keys and everything after stay the host's own.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import patch

Sizes = Mapping[str, Mapping[str, Any]]
"""Constructor arguments by class; a class is named as ``module:Class``."""


class HostLacks(LookupError):
    """A class that the host at hand does not have."""


def host_class(name: str) -> type:
    """Import a class of the host by ``module:Class``. Raises HostLacks when this host has no such module or class."""
    from lab.host.modules import HOST

    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as missing:
        raise HostLacks(f"ComfyUI {HOST} has no {name} ({missing})") from missing


def _with_arguments(original: Callable[..., None], arguments: Mapping[str, Any]) -> Callable[..., None]:
    @functools.wraps(original)
    def initialise(self: Any, *given: Any, **named: Any) -> None:
        original(self, *given, **(named | dict(arguments)))

    return initialise


@contextlib.contextmanager
def smaller(sizes: Sizes) -> Iterator[None]:
    """Inside, the host builds these classes at the given sizes: arguments by class, which win over those that it passes."""
    with contextlib.ExitStack() as stack:
        for name, arguments in sizes.items():
            chosen: Any = host_class(name)
            stack.enter_context(patch.object(chosen, "__init__", _with_arguments(chosen.__init__, arguments)))
        yield
