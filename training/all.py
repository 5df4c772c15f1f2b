"""Everything from nothing to the shipped files: ``python -m training.all``. Each step resumes where it was stopped.

The encoder is trained first and then frozen, because the DiT learns on its latents; the decoder goes on alone afterwards.
"""

from __future__ import annotations

import subprocess
import sys

STEPS = (
    ["training.pool", "crops", "--count", "600"],
    ["training.pool", "frames", "--count", "400"],
    ["training.vae", "--minutes", "22", "--picture-share", "0.3"],
    ["training.vae", "--minutes", "34", "--picture-share", "0", "--rate", "1.5e-3", "--decoder-only"],
    ["training.export_vae"],
    ["training.dit", "encode", "--count", "400"],
    ["training.dit", "train", "--minutes", "20"],
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
