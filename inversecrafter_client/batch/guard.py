"""A program that runs a command until its own standard input ends, as it does when whoever started it is gone, even by SIGKILL.

``python guard.py COMMAND…``, with a pipe as standard input. It leads the process group of the command, leaves SIGTERM to the
command, and ends with the command's status. It imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

STOP_SECONDS = 10


def end_when_alone(process: subprocess.Popen[bytes]) -> None:
    """Wait until the standard input ends, then end the command and whatever it started; first politely."""
    while os.read(0, 1024):
        pass
    for name in ("SIGTERM", "SIGKILL"):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if os.name == "posix":
                os.killpg(os.getpgrp(), getattr(signal, name))  # SIGKILL ends this program, too
            else:
                process.kill()
            process.wait(STOP_SECONDS)
            return


def main() -> int:
    """Run the command that the arguments give; return its status, as a shell does."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # a function, since the command would inherit that the signal is ignored
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=end_when_alone, args=(process,), daemon=True).start()
    status = process.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
