"""Everything from nothing to the shipped files: ``python -m training.all``. Each step resumes where it was stopped.

The VAE comes first and is then frozen, because the DiT learns on its latents. ``python -m training.vae --decoder-only`` may
go on afterwards: it does not touch the latents.
"""

from __future__ import annotations

import subprocess
import sys

STEPS = (
    ["training.pool", "crops", "--count", "600"],
    ["training.pool", "frames", "--count", "400"],
    ["training.vae", "--minutes", "22", "--picture-share", "0.3"],
    ["training.export_vae"],
    ["training.dit", "encode", "--count", "400"],
    ["training.dit", "train", "--minutes", "28", "--batch", "6"],
    ["training.dit", "export"],
    ["training.evaluate", "vae"],
    ["training.evaluate", "dit"],
)


def main() -> None:
    for step in STEPS:
        print("python -m", *step, flush=True)
        subprocess.run([sys.executable, "-m", *step], check=True)


if __name__ == "__main__":
    main()
