"""``python -m lab.demo``: a shipped workflow on real pictures, in a real headless ComfyUI; see ``--help``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from inversecrafter_client import ClientError
from inversecrafter_core.errors import InputError
from lab.host.server import running_host

from . import editing, pictures, recapture, restoration, scene_latents
from .runs import Options, check

LARGE, SMALL = (384, 224), (192, 128)
"""Width and height. What a clip shows survives the small VAE better where it is large; the jobs in which the small video model
paints most of the picture stay at the size that it has learnt on."""
JOBS = {
    "recapture": (recapture.recapture, {"video", "trajectory"}, LARGE),
    "two_experts": (recapture.two_experts, {"video", "trajectory"}, LARGE),
    "single_image": (pictures.single_image, {"video", "photo", "trajectory"}, LARGE),
    "interpolation": (pictures.interpolation, {"video", "start", "end"}, SMALL),
    "restoration": (restoration.run, {"video"}, LARGE),
    "scene_latents": (scene_latents.run, set(), SMALL),
    "editing": (editing.run, {"video", "edited", "prompt", "box"}, SMALL),
}
"""The function that runs a job, those of the options that not all jobs have which are its own, and the size of its clip."""


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"SIZE is WIDTHxHEIGHT, e.g. 192x128, not '{text}'")
    return int(width), int(height)


def _box(text: str) -> tuple[int, int, int, int]:
    numbers = text.split(",")
    if len(numbers) != 4 or not all(number.strip().isdigit() for number in numbers):
        raise argparse.ArgumentTypeError(f"BOX is x,y,width,height, e.g. 64,40,64,56, not '{text}'")
    left, top, width, height = map(int, numbers)
    return left, top, width, height


def parse() -> tuple[str, Options]:
    parser = argparse.ArgumentParser(prog="demo", description="Run a shipped workflow and keep everything it makes.")
    parser.add_argument("--job", choices=JOBS, default="recapture")
    parser.add_argument("--video", type=Path, help="a video file; a real clip is fetched when none is given")
    parser.add_argument("--photo", type=Path, help="single_image: a picture file, in place of the video's first frame")
    parser.add_argument("--start", type=Path, help="interpolation: a picture file, in place of the video's first frame")
    parser.add_argument("--end", type=Path, help="interpolation: a picture file, in place of the video's last frame")
    parser.add_argument("--trajectory", help="a preset of the Camera Path node, e.g. arc_left")
    parser.add_argument("--edited", type=Path, help="editing: the video's first frame after an edit")
    parser.add_argument("--prompt", help="editing: what the clip shall show")
    parser.add_argument("--box", type=_box, help="editing: x,y,width,height around the thing in the first frame")
    parser.add_argument("--frames", type=int, default=17, help="4k+1")
    parser.add_argument("--size", type=_size, help="WIDTHxHEIGHT, multiples of 16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, help="output/demo, or output/demo_JOB")
    chosen = vars(parser.parse_args())
    job = chosen.pop("job")
    chosen["size"] = chosen["size"] or JOBS[job][2]
    chosen["out"] = chosen["out"] or Path("output") / ("demo" if job == "recapture" else f"demo_{job}")
    return job, Options(**chosen)


def require_own_options(job: str, options: Options) -> None:
    """An error for an option that the job does not look at, which would otherwise be forgotten silently."""
    own = JOBS[job][1]
    for name in sorted(set.union(*(names for _, names, _ in JOBS.values())) - own):
        if getattr(options, name) is not None:
            raise InputError(name.upper(), f"given for JOB={job}", f"This job takes {', '.join(map(str.upper, sorted(own)))}.")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    job, options = parse()
    try:
        require_own_options(job, options)
        check(options)
        with running_host() as client:
            report = JOBS[job][0](client, options)
    except (InputError, ClientError) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    print(json.dumps(report, indent=2))
    print(f"\nin {options.out}: {', '.join(sorted(path.name for path in options.out.iterdir()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
