"""Start the host's ``main.py`` in this process: ``python -m lab.host.launch [host options]`` from the repository root.

Does three things a bare start would not: declares torchvision's operators and torchaudio where they are missing, takes the
repository root off ``sys.path`` (the pack's ``nodes`` folder must not hide the host's module of that name), and ends when the
process that started it is gone, so that a killed test run leaves no server behind.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import threading
import time
from pathlib import Path

from .paths import ROOT, comfyui_path
from .shim import shim

OWNER = "INVERSECRAFTER_OWNER"
"""Environment variable: the process id to outlive by no more than a second."""


def end_with(owner: int) -> None:
    """Watch the parent from a thread; leave when it is no longer ``owner``."""

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="watch-owner").start()


def end_with_parent() -> None:
    """Let this process, a worker of a pool, end when its parent is gone, even killed: it would wait for work for ever."""
    if (parent := multiprocessing.parent_process()) and parent.pid:
        end_with(parent.pid)


def main() -> None:
    """Run the host with the options of this command line."""
    if OWNER in os.environ:
        end_with(int(os.environ.pop(OWNER)))
    tree = comfyui_path()
    elsewhere = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    sys.path[:] = [str(tree), *elsewhere]
    shim()
    sys.argv[0] = str(tree / "main.py")
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
