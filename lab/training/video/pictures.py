"""Single pictures with captions for the video model: words are learnt from many scenes, and a picture costs a seventeenth.

``python -m lab.training.video.pictures --count 3000`` writes ``training/runs/world<version>/pictures/<first>.pt``: 100
normalised latents
``[100, 16, 1, 16, 24]`` a file, of the first frames of 100 scenes. Their seeds are not those of the clips.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from lab.data.pool import HEIGHT, POOL, WIDTH
from lab.models.shipped import encode, load_vae
from lab.world import frame_times, random_scene, render

FOLDER = POOL / "pictures"
FIRST_SEED, FILE_SIZE = 100_000, 100


def write(first: int, path: Path) -> None:
    """The pictures of :data:`FILE_SIZE` scenes."""
    coder = load_vae()
    pictures = (render(random_scene(seed), frame_times(1), HEIGHT, WIDTH).colour for seed in range(first, first + FILE_SIZE))
    latents = torch.cat([encode(coder, picture) for picture in pictures]).half()
    torch.save(latents, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="first scene seed")
    parser.add_argument("--count", type=int, default=3000, help="how many scenes; files written before are kept")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for first in range(arguments.first, arguments.first + arguments.count, FILE_SIZE):
        path = FOLDER / f"{first}.pt"
        if not path.exists():
            write(first, path)


if __name__ == "__main__":
    main()
