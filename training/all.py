"""Everything from nothing to the shipped files: ``python -m training.all``. Each step resumes where it was stopped.

The order matters: the video model and the mask encoder learn from latents, so the VAE comes first and is then frozen.
``python -m training.vae --decoder-only`` may go on afterwards: it does not touch the latents. The depth network needs none of
the others.
"""

from __future__ import annotations

import subprocess
import sys

from .vae import run_folder

MASK_PAIRS = ["--scenes", "120", "--frames", "17", "--windows", "3"]
MASK_TRAINING = ["--kept", "3", "--reads", "infills", "--optimiser", "muon", "--rate", "3e-4", "--minutes", "10"]
STEPS = (
    ["training.contexts", "--count", "400"],
    ["training.vae", "--width", "16", "--minutes", "180", "--rate", "2e-3"],
    ["training.vae", "--width", "32", "--minutes", "900", "--widen", str(run_folder(16) / "last.pt")],
    ["training.export_vae", "--width", "32"],
    ["training.dit", "encode", "--count", "400"],
    ["training.pictures", "--count", "5000"],
    ["training.dit", "train", "--minutes", "152", "--batch", "8"],
    ["training.dit", "export"],
    ["training.cards", "vae"],
    ["training.cards", "dit"],
    ["training.mask_encoder", *MASK_PAIRS, *MASK_TRAINING],
    ["training.mask_card"],
    ["training.depth_pool"],
    ["training.depth", "--minutes", "46"],
    ["training.depth_card"],
)


def main() -> None:
    for step in STEPS:
        print("python -m", *step, flush=True)
        subprocess.run([sys.executable, "-m", *step], check=True)


if __name__ == "__main__":
    main()
