"""Train a mask encoder for a Wan VAE: ``python -m lab.training.mask_encoder.train --minutes 30``; or for a real VAE on one's
own videos:

    torchrun --nproc-per-node 8 -m lab.training.mask_encoder.train --vae Wan2.1_VAE.safetensors --videos FOLDER --out FILE
    --minutes 600

Pairs are made, then ``h_gt`` by the VAE, then training; each of the three goes on where it was stopped.
docs/training.md tells the costs and the options.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from inversecrafter_core.errors import InputError
from inversecrafter_core.masks import MaskEncoderSpec, save_mask_encoder
from lab.models.latent_space import SCALE, LatentSpace, autocast
from lab.models.mask_encoder import USUAL_MEAN, MaskPredictor, begin, loss_of
from lab.training.common import RUNS, Clock, Curve, git_commit, load_checkpoint, save_checkpoint
from lab.training.optimiser import Muon

from .data import Batch, MaskWindows, score
from .options import pairs, parse
from .ranks import Ranks
from .targets import encode_targets

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
SAVE_MINUTES = 1.0
RECIPE = ("scenes", "frames", "windows", "reads", "kept", "optimiser", "rate", "minutes")
"""Options that a file tells of itself; no paths."""


class Training:
    """A run in progress: everything that a checkpoint holds, and one step of it."""

    def __init__(self, options: argparse.Namespace, ranks: Ranks, space: LatentSpace):
        self.options, self.ranks = options, ranks
        self.folder, self.step = RUNS / options.run, 0
        torch.manual_seed(options.seed)
        spec = MaskEncoderSpec(options.width, space.channels, space.channels, options.reads, space.spatial)
        self.predictor = MaskPredictor(spec, options.kept)
        self.origin = begin(self.predictor, space, USUAL_MEAN)
        self.predictor.to(ranks.device)
        self.identity = f"{space.digest} {options.reads} {options.width} {options.kept} {options.optimiser}"
        trained = [value for value in self.predictor.parameters() if value.requires_grad]
        optimiser = Muon if options.optimiser == "muon" else torch.optim.AdamW
        self.optimiser = optimiser(trained, lr=options.rate)
        self.scaler = torch.amp.GradScaler(ranks.device.type, enabled=options.precision == "fp16")
        self.clock = Clock(options.minutes, self._resume())
        self.module = DistributedDataParallel(self.predictor) if ranks.count > 1 else self.predictor

    def _resume(self) -> float:
        before: Any = load_checkpoint(self.folder / "last.pt")
        if before is None:
            return 0.0
        if before["identity"] != self.identity:
            raise InputError(
                "--run", f"{self.folder.name} holds a run of another VAE or model", "Give another name, or remove that folder."
            )
        self.predictor.encoder.load_state_dict(before["encoder"])
        self.optimiser.load_state_dict(before["optimiser"])
        self.scaler.load_state_dict(before["scaler"])
        self.step = before["step"]
        return before["minutes"]

    def save(self) -> None:
        if self.ranks.first:
            parts = {"optimiser": self.optimiser.state_dict(), "scaler": self.scaler.state_dict()}
            encoder, minutes = self.predictor.encoder.state_dict(), self.clock.spent
            save_checkpoint(
                self.folder / "last.pt", encoder=encoder, **parts, minutes=minutes, step=self.step, identity=self.identity
            )

    def autocast(self) -> torch.autocast:
        return autocast(self.ranks.device, PRECISIONS[self.options.precision])

    def advance(self, batch: Batch, rate: float) -> float:
        """One step on ``batch``; its L1."""
        below, wanted = (part.to(self.ranks.device, non_blocking=True) for part in batch)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with self.autocast():
            h = self.module(below)
        self.scaler.scale(loss_of(h, wanted, self.options.ssim_weight)).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad()
        self.step += 1
        return float((h.detach() - wanted).abs().mean())


def batches(training: Training, windows: MaskWindows) -> Iterator[Batch]:
    """Batches from the training's step on."""
    workers = training.options.workers if training.options.kept == 0 else 0
    order = range(training.step, len(windows))
    return iter(DataLoader(windows, batch_size=None, sampler=order, num_workers=workers))


def fit(training: Training, windows: MaskWindows, held: MaskWindows) -> None:
    """Train until the minutes are spent, with checkpoints, a held-out score and the curve."""
    curve = Curve(training.folder / "curve.csv", ["minutes", "step", "l1", "held_l1", "held_ssim", "rate"])
    clock, ranks, errors = training.clock, training.ranks, list[float]()
    saved = reported = clock.spent
    source, options = batches(training, windows), training.options
    while ranks.agree(clock.fraction) < 1:
        rate = ranks.agree(clock.rate(options.rate))
        errors.append(training.advance(next(source), rate))
        done = clock.fraction >= 1
        if clock.spent - saved > SAVE_MINUTES:
            saved = clock.spent
            training.save()
        if ranks.first and (done or clock.spent - reported > options.report):
            reported = clock.spent
            with training.autocast():
                l1, likeness = score(training.predictor, held)
            mean = sum(errors) / len(errors)
            curve.add(minutes=clock.spent, step=training.step, l1=mean, held_l1=l1, held_ssim=likeness, rate=rate)
            errors.clear()
    training.save()
    ranks.wait()


def export(training: Training, path: Path) -> None:
    """The shipped file: fp16, with what it reads, ``s``, licence, recipe and commit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().half().cpu() for key, value in training.predictor.encoder.state_dict().items()}
    spec, options = training.predictor.spec, training.options
    given = {name: getattr(options, name) for name in RECIPE}
    recipe = "python -m lab.training.mask_encoder.train" + "".join(f" --{n} {v}" for n, v in given.items() if v is not None)
    notes = {"license": "Apache-2.0", "recipe": recipe, "commit": git_commit(), "scale": f"{SCALE:g}"}
    notes |= {"spatial": str(spec.spatial), "vae": options.vae.name, "begin": training.origin}
    save_mask_encoder(path, state, spec.latent_channels, spec.reads, **notes)
    path.chmod(0o644)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    ranks = Ranks.join()
    taught, scored = pairs(options, ranks)
    space = LatentSpace(options.vae, ranks.device, PRECISIONS[options.precision])
    encode_targets(ranks.share(taught + scored), space)
    ranks.wait()
    training = Training(options, ranks, space)
    seed = f"{options.seed} {ranks.rank}"
    windows = MaskWindows(taught, space, training.predictor, options.batch, seed)
    held = MaskWindows(scored, space, training.predictor, options.batch)
    if ranks.first:
        at = f"step {training.step}, minute {training.clock.spent:.1f} of {options.minutes:g}"
        print(f"{len(taught)} files, {len(scored)} to score; begins as {training.origin}; {at}", flush=True)
    fit(training, windows, held)
    if ranks.first:
        export(training, options.out)
        Curve(training.folder / "curve.csv", []).draw("held_l1", training.folder / "curve.png")
        print(f"wrote {options.out}", flush=True)
    ranks.leave()


if __name__ == "__main__":
    main()
