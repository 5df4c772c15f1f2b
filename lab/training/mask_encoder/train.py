"""Train a mask encoder for a Wan VAE: ``python -m lab.training.mask_encoder.train --minutes 30``.

For a real VAE on one's own videos:

    torchrun --nproc-per-node 8 -m lab.training.mask_encoder.train --vae Wan2.1_VAE.safetensors --videos FOLDER --out FILE
    --minutes 600

Pairs are made, then ``h_gt`` by the VAE, then training; each of the three goes on where it was stopped.
docs/training.md tells the costs and the options.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import torch
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from inversecrafter_core.masks import MaskEncoderSpec, save_mask_encoder
from lab.host.paths import RUNS
from lab.models.latent_space import SCALE, LatentSpace, autocast
from lab.models.mask_encoder import TYPICAL_MEAN, MaskPredictor, initialise, loss_of, ssim
from lab.training.loop import Plan, Run, Task
from lab.training.optimiser import Muon
from lab.training.ranks import Ranks
from lab.training.records import draw_curve, notes_of

from .data import Batch, MaskWindows, encode_targets
from .options import find_pairs, parse

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
OPTIMISERS = {"muon": Muon, "adamw": torch.optim.AdamW}
SAVE_MINUTES = 1.0
RECIPE = ("scenes", "frames", "windows", "reads", "kept", "optimiser", "rate", "minutes")
"""Options that a file tells of itself; no paths."""


class MaskTask(Task):
    """The mask encoder's lesson for one VAE, on this rank's share of the windows."""

    def __init__(self, options: argparse.Namespace, ranks: Ranks, space: LatentSpace, pairs: tuple[list[Path], list[Path]]):
        torch.manual_seed(options.seed)
        spec = MaskEncoderSpec(options.width, space.channels, space.channels, options.reads, space.grid.cell)
        self.options, self.ranks, self.predictor = options, ranks, MaskPredictor(spec, options.kept)
        self.origin = initialise(self.predictor, space, TYPICAL_MEAN)
        self.model = self.predictor.to(ranks.device).encoder
        self.module = DistributedDataParallel(self.predictor) if ranks.count > 1 else self.predictor
        taught, scored = pairs
        self.windows = MaskWindows(taught, space, self.predictor, options.batch, f"{options.seed} {ranks.rank}")
        self.held_out = MaskWindows(scored, space, self.predictor, options.batch)
        self._batches: Iterator[Batch] | None = None

    def batch(self, step: int, along: float) -> Batch:
        """Return the batch of a step; the steps of one run follow each other."""
        if self._batches is None:
            workers = self.options.workers if self.options.kept == 0 else 0
            order = range(step, len(self.windows))
            self._batches = iter(DataLoader(self.windows, batch_size=None, sampler=order, num_workers=workers))
        return next(self._batches)

    def loss(self, batch: Batch) -> torch.Tensor:
        below, wanted = (part.to(self.ranks.device, non_blocking=True) for part in batch)
        with self._autocast():
            h = self.module(below)
        return loss_of(h, wanted, self.options.ssim_weight)

    def _autocast(self) -> torch.autocast:
        return autocast(self.ranks.device, PRECISIONS[self.options.precision])

    @torch.no_grad()
    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return mean L1 and SSIM of all held-out windows."""
        errors, likenesses = [], []
        for index in range(len(self.held_out.pairs)):
            below, wanted = self.held_out.file(index)
            with self._autocast():
                h, truth = self.predictor(below.flatten(0, 1).to(self.ranks.device)), wanted.float().to(self.ranks.device)
            errors.append(float((h - truth).abs().mean()))
            likenesses.append(float(ssim(h, truth)))
        return {"held_l1": mean(errors), "held_ssim": mean(likenesses)}


def prepare(options: argparse.Namespace, ranks: Ranks) -> Run:
    """Make what is missing of pairs and targets; return a run that starts, or goes on from its checkpoint."""
    taught, scored = find_pairs(options, ranks)
    space = LatentSpace(options.vae, ranks.device, PRECISIONS[options.precision])
    encode_targets(ranks.share(taught + scored), space)
    ranks.wait()
    task = MaskTask(options, ranks, space, (taught, scored))
    identity = ", ".join(map(str, (space.digest, options.reads, options.width, options.kept, options.optimiser)))
    timing = {"save": SAVE_MINUTES, "report": options.report}
    plan = Plan(RUNS / options.run, options.minutes, options.rate, identity=identity, **timing)
    return Run(task, plan, ranks, OPTIMISERS[options.optimiser], loss_scaling=options.precision == "fp16")


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
    torch.set_num_threads(options.threads)
    ranks = Ranks.join()
    run = prepare(options, ranks)
    if ranks.first:
        print(f"step {run.step}, minute {run.clock.spent:.1f} of {options.minutes:g}", flush=True)
    run.fit()
    if ranks.first:
        export(run, options.out)
        draw_curve(run.plan.folder / "curve.csv", "held_l1")
        print(f"wrote {options.out}", flush=True)
    ranks.leave()


if __name__ == "__main__":
    main()
