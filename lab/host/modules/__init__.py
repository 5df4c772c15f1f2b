"""The host's own modules under a name of ours: ``from lab.host.modules.wan import WanVAE``.

Python runs this file before any module beside it, so ``comfy`` can be imported there, and nowhere else does a line of code
have to come before an import. The host runs on the CPU, unless :func:`~lab.host.inprocess.use_host` was called before.
"""

import importlib

from lab.host.inprocess import use_host

use_host(cpu=True)
HOST: str = importlib.import_module("comfyui_version").__version__
"""The version of the host at hand."""
