"""Train the scene adapter: ``python -m lab.training.scene_adapter.train views``, ``encode``, ``train``, ``export``.

Flow matching on pairs of a source path and a target path of one scene of the world, ``x = (1 - sigma) z + sigma e``, with the
target ``e - z`` (LaVR, arXiv 2601.14674). What learns: the state adapter, both pose MLPs, and the video model's self-attention;
its other weights stay. In some steps the states are left out, in some the cameras, so that each can be judged alone; in some
the first latent frame of the target is clean, as in recapture. A linear reader, which is not kept, learns to see in the states'
latents the depth that the reconstruction network sees: flow matching alone is slow to find that the states know it.

``views`` renders the clips; ``encode`` writes their latents by the VAE and their states by a scene model's file
(``--scene-model``; without one, pose control alone is learnt). Each step goes on where it was stopped. ``--minutes`` are CPU
minutes, with ``--device cuda`` minutes of the day.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import torch
from torch import nn

from inversecrafter_core.sampling import shifted
from inversecrafter_core.scene import (
    AdapterFile,
    AdapterSpec,
    SceneAdapter,
    SceneContext,
    read_scene_adapter,
    save_scene_adapter,
)
from lab.data.pool import HEIGHT, WIDTH, Shape
from lab.host.inprocess import with_gradients
from lab.host.modules.wan import WanModel
from lab.host.paths import RUNS
from lab.models.coder import digest_of
from lab.models.precision import autocast
from lab.models.scene_adapter import attention_changes, change_attention, load_scene_model, stacked, velocity, without_pose
from lab.models.shipped import DIT_FILE, SCENE_ADAPTER_FILE, VAE_FILE, load_coder, load_dit
from lab.models.video import SHIFT, prompt_tokens
from lab.training.loop import Plan, Run, Task, level
from lab.training.records import draw_curve, load_checkpoint, notes_of

from . import score
from .data import Lesson, Lessons, encode_views, remember_views
from .views import FIRST_SEED, fill, views_path

RECIPE = "python -m lab.training.scene_adapter.train views; ... encode; ... train; ... export"
AVERAGE, REPORT_MINUTES = 0.995, 4.0
NO_STATES_SHARE, NO_POSE_SHARE, FIRST_FRAME_SHARE = 0.25, 0.1, 0.2
DEPTH_WEIGHT = 0.2
"""Weight of the reader's mean error in the logarithm of depth."""
Batch = tuple[list[Lesson], list[str]]


class Learner(nn.Module):
    """The trained weights: the scene adapter's, the self-attention's in the video model's blocks, and the reader of depth."""

    def __init__(self, scene: SceneAdapter, attention: list[nn.Module]):
        super().__init__()
        self.scene, self.attention = scene, nn.ModuleList(attention)
        self.reader = nn.Linear(scene.spec.channels, 1)


class AdapterTask(Task):
    """The scene adapter's lesson: ``size`` pairs of clips a step."""

    def __init__(self, spec: AdapterSpec, kinds: tuple[str, str | None], options: argparse.Namespace):
        self.size, self.device = options.batch, torch.device(options.device)
        self.network = load_dit(options.video_model).to(self.device)
        self.before = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.scene = SceneAdapter(spec)
        if options.start is not None:
            start_from(read_scene_adapter(options.start), self.scene, self.network)
        self.scene.to(self.device)
        self.model = self.learner = Learner(self.scene, [block.self_attn.requires_grad_(True) for block in self.network.blocks])
        shape = Shape(options.frames, HEIGHT, WIDTH)
        self.lessons, self.held_out = Lessons(*kinds, FIRST_SEED, shape), score.HeldOut(*kinds, shape)

    def batch(self, step: int, along: float) -> Batch:
        lessons, prompts = self.lessons.batch(self.size)
        return [lesson.to(self.device) for lesson in lessons], prompts

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss of a batch, with some of the conditions."""
        lessons, prompts = batch
        with_states = random.random() >= NO_STATES_SHARE
        context = stacked([lesson.context(self.scene, with_states) for lesson in lessons])
        reading = DEPTH_WEIGHT * self.depth_error(lessons, context) if with_states else 0.0
        if random.random() < NO_POSE_SHARE:
            context = without_pose(context)
        first = random.random() < FIRST_FRAME_SHARE
        sigmas = shifted(torch.rand(len(lessons), device=self.device), SHIFT)
        return self.flow_loss(lessons, prompts, context, sigmas, first) + reading

    def depth_error(self, lessons: list[Lesson], context: SceneContext) -> torch.Tensor:
        """Return the mean error of the depth's logarithm that is read in the latents of the states; 0 without them."""
        latents = context.latents[:, :, lessons[0].source.shape[1] :]
        depth = [lesson.depth[lesson.moments(self.scene.spec.every)] for lesson in lessons if lesson.depth is not None]
        if not depth:
            return latents.new_zeros(())
        return (self.learner.reader(latents.movedim(1, -1))[..., 0] - torch.stack(depth)).abs().mean()

    def flow_loss(
        self,
        lessons: list[Lesson],
        prompts: list[str],
        context: SceneContext | None,
        sigmas: torch.Tensor,
        first_known: bool = False,
    ) -> torch.Tensor:
        """Return the mean squared velocity error; with ``first_known`` the first latent frame is clean and has no error."""
        latents = torch.stack([lesson.target for lesson in lessons])
        sigma = sigmas.view(-1, 1, 1, 1, 1).expand(-1, 1, *latents.shape[2:]).clone()
        if first_known and latents.shape[2] > 1:
            sigma[:, :, 0] = 0
        noise = torch.randn_like(latents)
        times = sigma[:, 0, :, ::2, ::2].flatten(1) * 1000
        noised = (1 - sigma) * latents + sigma * noise
        with with_gradients(), autocast(self.device):
            found = velocity(self.network, noised, times, prompt_tokens(prompts).to(self.device), context).float()
        weight = (sigma > 0).float()
        return ((found - (noise - latents)).square() * weight).sum() / (weight.sum() * latents.shape[1])

    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the held-out losses of ``weights``, and how many scenes there are, after a look for new ones."""
        self.lessons.refresh()
        learning = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(weights)
        found = self.held_out.score(self.scene, self.flow_loss, self.depth_error)
        self.model.load_state_dict(learning)
        return {**found, "scenes": len(self.lessons)}


def start_from(file: AdapterFile, scene: SceneAdapter, network: WanModel) -> None:
    """Load an earlier adapter: its pose control and self-attention, and its state adapter if it is of the same states."""
    scene.pose.load_state_dict(file.model.pose.state_dict())
    change_attention(network, file)
    if (file.model.spec.network, file.model.spec.state_width) == (scene.spec.network, scene.spec.state_width):
        scene.adapter.load_state_dict(file.model.adapter.state_dict())


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("lab.training.scene_adapter.train", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("command", choices=["views", "encode", "train", "export"])
    add("--count", type=int, default=600, help="scenes to render")
    add("--frames", type=int, default=9, help="frames of a clip, 4k+1")
    add("--vae", type=Path, default=VAE_FILE, help="the VAE of the video model")
    add("--video-model", type=Path, default=DIT_FILE, help="the video model that learns to use the states")
    add("--scene-model", type=Path, help="the reconstruction network that makes the states; without it there are none")
    add("--every", type=int, default=24, help="distance of the states used, in source frames; larger makes sampling cheaper")
    add("--start", type=Path, help="an earlier adapter to begin from, for the first start; its states may be others")
    add("--run", default="scene_adapter", help="folder under training/runs with checkpoint and curve; it is resumed")
    add("--out", type=Path, default=SCENE_ADAPTER_FILE, help="the file to write")
    add("--minutes", type=float, default=40, help="over all restarts; the learning rate follows it")
    add("--batch", type=int, default=4, help="pairs of clips a step")
    add("--rate", type=float, default=1e-3, help="highest learning rate")
    add("--device", default="cpu")
    add("--threads", type=int, default=1)
    return parser.parse_args(arguments)


def kinds_of(options: argparse.Namespace) -> tuple[str, str | None]:
    """Return the names of the folders of latents and of states."""
    return digest_of(options.vae), None if options.scene_model is None else digest_of(options.scene_model)


def encode(options: argparse.Namespace) -> None:
    """Write latents and states of every scene that was rendered."""
    latents, states = kinds_of(options)
    shape = Shape(options.frames, HEIGHT, WIDTH)
    seeds = sorted(int(path.stem) for path in views_path(0, shape).parent.glob("*.npz"))
    encode_views(seeds, latents, load_coder(options.vae), shape)
    if states is not None:
        remember_views(seeds, states, load_scene_model(options.scene_model).read, shape)


def prepare(options: argparse.Namespace) -> Run:
    """Return a run that starts, or goes on from its checkpoint."""
    kinds = kinds_of(options)
    made = None if options.scene_model is None else load_scene_model(options.scene_model)
    spec = AdapterSpec(*(("none", options.every, 1) if made is None else (made.name, options.every, made.width)))
    identity = f"{kinds}, {digest_of(options.video_model)}, {options.frames}, {options.every}"
    clock = time.process_time if options.device == "cpu" else time.monotonic
    plan = Plan(RUNS / options.run, options.minutes, options.rate, level, clock, AVERAGE, 2.0, REPORT_MINUTES, identity)
    return Run(AdapterTask(spec, kinds, options), plan)


def export(run: Run, path: Path) -> None:
    """Write the file of the averaged weights: fp16, with licence, recipe and commit."""
    task = run.task
    assert isinstance(task, AdapterTask)
    task.model.load_state_dict(load_checkpoint(run.checkpoint)["average"])
    changes = attention_changes(task.network, task.before)
    file = AdapterFile(task.scene, changes, task.before["head.modulation"])
    save_scene_adapter(path, file, notes_of(run.state(), RECIPE, f"{len(task.lessons)} scenes, three clips each"))
    path.chmod(0o644)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    if options.command == "views":
        shape = Shape(options.frames, HEIGHT, WIDTH)
        fill(score.FIRST, score.SCENES, shape)
        fill(FIRST_SEED, options.count, shape)
    elif options.command == "encode":
        encode(options)
    elif options.command == "train":
        prepare(options).fit()
    else:
        export(prepare(options), options.out)
        draw_curve(RUNS / options.run / "curve.csv", "held")


if __name__ == "__main__":
    main()
