"""Train a mask encoder for a Wan VAE: ``python -m lab.training.mask_encoder.train --minutes 30``.

For a real VAE on one's own videos:

    python -m lab.training.mask_encoder.train --vae Wan2.1_VAE.safetensors --videos FOLDER --out FILE --minutes 600

Pairs are made, then ``h_gt`` by the VAE, then training, on a GPU where there is one; each of the three goes on where it was
stopped. docs/training.md tells the costs and the options.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import torch

from inversecrafter_core.masks import MaskEncoderSpec, save_mask_encoder
from inversecrafter_core.masks.encoder import STRIDE, EncoderInput
from lab.data.pool import FIRST_TRAINING_SEED, POOL
from lab.host.paths import RUNS
from lab.models.coder import SCALE, Coder
from lab.models.mask_encoder import STAGE_ENDS, TYPICAL_MEAN, WIDTH, MaskPredictor, initialise, loss_of, ssim
from lab.models.precision import autocast
from lab.models.shipped import MASK_ENCODER_FILE, VAE_FILE
from lab.training.loop import Plan, Run, Task
from lab.training.records import draw_curve, notes_of

from .data import Batch, MaskWindows, encode_targets
from .pairs import Window, folder_of, store
from .videos import DEPTH_HELP, Cut, estimator, store_videos, videos_in

PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}
SAVE_MINUTES = 1.0
HELD_OUT_SCENES, HELD_OUT_VIDEOS = 12, 20
"""Scenes that only score; one video of this many does the same."""
RECIPE = ("scenes", "frames", "windows", "reads", "kept", "rate", "minutes")
"""Options that a file tells of itself; no paths."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("lab.training.mask_encoder.train", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--vae", type=Path, default=VAE_FILE, help="a Wan VAE, 16 or 48 channels")
    add("--out", type=Path, default=MASK_ENCODER_FILE, help="the file to write")
    add("--run", default="mask", help="name of the folder under training/runs with checkpoint and curve; it is resumed")
    add("--videos", type=Path, help="folder of videos; without it, scenes of the synthetic world")
    add("--depth", default="prior", help=f"depth of the videos: {DEPTH_HELP}")
    add("--size", type=_sides, default=(240, 416), help="HEIGHTxWIDTH that videos are brought to")
    add("--per-video", type=int, default=8, help="clips out of one video, at most")
    add("--scenes", type=int, default=150, help="scenes of the world")
    add("--frames", type=int, default=17, help="frames of a training window, 4k+1")
    add("--window", type=_sides, help="HEIGHTxWIDTH of a window (64x64 for scenes, the whole clip for videos)")
    add("--windows", type=int, help="windows out of one clip (6 for scenes, 1 for videos)")
    add("--reads", choices=[*EncoderInput], default=EncoderInput.MASK, help="what the encoder is shown, see masks/encoder.py")
    add("--kept", type=int, choices=range(len(STAGE_ENDS)), default=0, help="lowest stages left as they are initialised")
    add("--minutes", type=float, default=30, help="over all restarts; the learning rate follows it")
    add("--batch", type=int, default=4, help="windows a step")
    add("--rate", type=float, default=3e-4, help="highest learning rate")
    add("--precision", choices=PRECISIONS, default="bf16", help="of targets and of training")
    add("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _sides(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    sides = int(height), int(width)
    if any(side % (2 * STRIDE) or side < 2 * STRIDE for side in sides):
        raise argparse.ArgumentTypeError(f"{text}: both sides must be multiples of {2 * STRIDE}")
    return sides


def find_pairs(options: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    """Return files to train on and files that only score; missing ones are made."""
    return _of_world(options) if options.videos is None else _of_videos(options)


def _of_world(options: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    window = Window(options.frames, options.window or (64, 64), options.windows or 6)
    seeds = [FIRST_TRAINING_SEED - 1 - index for index in range(HELD_OUT_SCENES)]
    seeds += range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + options.scenes)
    files = store(folder_of(RUNS / POOL.name, window), seeds, window)
    return files[HELD_OUT_SCENES:], files[:HELD_OUT_SCENES]


def _of_videos(options: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    window = Window(options.frames, options.window, options.windows or 1)
    taken = Cut(window.frames, options.size, options.per_video)
    folder, depth = folder_of(RUNS, window, taken, options.depth), estimator(options.depth)
    several = [store_videos(folder, [video], taken, window, depth) for video in videos_in(options.videos)]
    if len(several) == 1:  # its last clip scores, though it shares the scene with the others
        return several[0][:-1], several[0][-1:]
    scored = [file for files in several[::HELD_OUT_VIDEOS] for file in files]
    return [file for files in several for file in files if file not in scored], scored


class MaskTask(Task):
    """The mask encoder's lesson for one VAE."""

    def __init__(self, options: argparse.Namespace, space: Coder, pairs: tuple[list[Path], list[Path]]):
        torch.manual_seed(options.seed)
        spec = MaskEncoderSpec(WIDTH, space.channels, space.channels, options.reads, space.grid.cell)
        self.options, self.space, self.predictor = options, space, MaskPredictor(spec, options.kept)
        self.origin = initialise(self.predictor, space, TYPICAL_MEAN)
        self.model = self.predictor.to(space.device).encoder
        self.windows, self.held_out = (MaskWindows(files, space, self.predictor) for files in pairs)

    def batch(self, step: int, along: float) -> Batch:
        """Return the batch of a step."""
        return self.windows.batch(self.options.batch, step, self.options.seed)

    def predicted(self, below: torch.Tensor) -> torch.Tensor:
        """Return the masks of what the trained stages are given."""
        with autocast(self.space.device, self.space.precision):
            return self.predictor(below.to(self.space.device, torch.float32))

    def loss(self, batch: Batch) -> torch.Tensor:
        below, wanted = batch
        return loss_of(self.predicted(below), wanted.to(self.space.device))

    @torch.no_grad()
    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return mean L1 and SSIM of all held-out windows."""
        errors, likenesses = [], []
        for index in range(len(self.held_out.pairs)):
            below, wanted = self.held_out.file(index)
            h, truth = self.predicted(below.flatten(0, 1)), wanted.float().to(self.space.device)
            errors.append(float((h - truth).abs().mean()))
            likenesses.append(float(ssim(h, truth)))
        return {"held_l1": mean(errors), "held_ssim": mean(likenesses)}


def prepare(options: argparse.Namespace) -> Run:
    """Make what is missing of pairs and targets; return a run that starts, or goes on from its checkpoint."""
    taught, scored = find_pairs(options)
    space = Coder.read(options.vae, "cuda" if torch.cuda.is_available() else "cpu", PRECISIONS[options.precision])
    encode_targets(taught + scored, space)
    identity = f"{space.digest}, {options.reads}, {options.kept}"
    plan = Plan(RUNS / options.run, options.minutes, options.rate, save=SAVE_MINUTES, identity=identity)
    return Run(MaskTask(options, space, (taught, scored)), plan)


def export(run: Run, path: Path) -> None:
    """Write the file: fp16, with what it reads, ``s``, licence, recipe and commit."""
    task = run.task
    assert isinstance(task, MaskTask)
    given = {name: getattr(task.options, name) for name in RECIPE}
    recipe = "python -m lab.training.mask_encoder.train" + "".join(f" --{n} {v}" for n, v in given.items() if v is not None)
    spec, notes = task.predictor.spec, notes_of(run.state(), recipe, f"{len(task.windows.pairs)} clips")
    notes |= {"scale": f"{SCALE:g}", "spatial": str(spec.spatial), "vae": task.options.vae.name, "begin": task.origin}
    state = {key: value.detach().half().cpu() for key, value in task.model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_mask_encoder(path, state, spec.latent_channels, spec.reads, **notes)
    path.chmod(0o644)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(1)
    run = prepare(options)
    print(f"step {run.step}, minute {run.clock.spent:.1f} of {options.minutes:g}", flush=True)
    run.fit()
    export(run, options.out)
    draw_curve(run.plan.folder / "curve.csv", "held_l1")
    print(f"wrote {options.out}", flush=True)


if __name__ == "__main__":
    main()
