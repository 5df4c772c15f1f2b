"""``python -m demo``: recapture a clip in a real headless ComfyUI; see ``--help``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from hosting.server import PromptFailed, running_host
from inversecrafter_core.errors import InputError

from . import recapture


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"SIZE is WIDTHxHEIGHT, e.g. 192x128, not '{text}'")
    return int(width), int(height)


def parse() -> recapture.Options:
    parser = argparse.ArgumentParser(prog="demo", description="Recapture a clip from a new camera path.")
    parser.add_argument("--video", type=Path, help="a video file; a real clip is fetched when none is given")
    parser.add_argument("--trajectory", help="a preset of the Camera Path node, e.g. arc_left")
    parser.add_argument("--frames", type=int, default=17, help="4k+1")
    parser.add_argument("--size", type=_size, default=(192, 128), help="WIDTHxHEIGHT, multiples of 16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, default=Path("output/demo"))
    return recapture.Options(**vars(parser.parse_args()))


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parse()
    try:
        with running_host() as client:
            report = recapture.run(client, options)
    except (InputError, PromptFailed) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    print(json.dumps(report, indent=2))
    print(f"\nwritten to {options.out}: recaptured.mp4, warp.mp4, holes.mp4, latent_mask.mp4, contact_sheet.png, report.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
