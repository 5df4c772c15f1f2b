"""Everything from nothing to the shipped files: ``python -m lab.training.all``. Each step resumes where it was stopped.

The order matters: the video model and the mask encoder learn from latents, so the VAE comes first and is then frozen.
``python -m lab.training.vae.train --decoder-of FILE`` may go on afterwards: it does not touch the latents. The depth network
and the scene network need none of the others; the scene adapter is of the VAE, the video model and the scene network.
"""

from __future__ import annotations

import subprocess
import sys

from lab.host.paths import RUNS
from lab.models.shipped import SCENE_FILE

MASK_PAIRS = ["--scenes", "120", "--windows", "3"]
MASK_TRAINING = ["--kept", "3", "--minutes", "12"]
ADAPTER = ["--count", "1500", "--frames", "17", "--scene-model", str(SCENE_FILE)]
STEPS = (
    ["lab.data.contexts", "--count", "400"],
    ["lab.training.vae.train", "--width", "16", "--minutes", "180", "--rate", "2e-3"],
    ["lab.training.vae.train", "--width", "32", "--minutes", "245", "--widen", str(RUNS / "vae16" / "last.pt")],
    ["lab.training.vae.export", "--width", "32"],
    ["lab.training.video.train", "encode", "--count", "400", "--pictures", "3000"],
    ["lab.training.video.train", "train", "--minutes", "274", "--batch", "8"],
    ["lab.training.video.train", "export"],
    ["lab.benchmarks.models.cards", "vae"],
    ["lab.benchmarks.models.cards", "dit"],
    ["lab.training.mask_encoder.train", *MASK_PAIRS, *MASK_TRAINING],
    ["lab.benchmarks.models.cards", "mask_encoder"],
    ["lab.training.depth.pool"],
    ["lab.training.depth.train", "--minutes", "266"],
    ["lab.benchmarks.models.cards", "depth"],
    ["lab.training.scene.pool", "--count", "3000"],
    ["lab.training.scene.train", "--minutes", "65"],
    ["lab.training.scene.export"],
    ["lab.training.scene_adapter.train", "views", *ADAPTER],
    ["lab.training.scene_adapter.train", "encode", *ADAPTER],
    ["lab.training.scene_adapter.train", "train", *ADAPTER, "--minutes", "240"],
    ["lab.training.scene_adapter.train", "export", *ADAPTER, "--minutes", "240"],
    ["lab.benchmarks.models.cards", "scene"],
    ["lab.benchmarks.models.cards", "scene_adapter"],
)


def main() -> None:
    for step in STEPS:
        print("python -m", *step, flush=True)
        subprocess.run([sys.executable, "-m", *step], check=True)


if __name__ == "__main__":
    main()
