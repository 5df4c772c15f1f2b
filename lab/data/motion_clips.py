"""Clips in which things move: cut-outs of photographs gliding over photographs, under a still or a moving camera.

What a video VAE finds hard is a thing that moves several pixels a frame: four frames share a latent one, and an average of them
shows the thing twice. Everything comes from ``rng`` alone. The photographs come with scikit-image and matplotlib; those that
benchmarks measure on, the stereo pair, are not among them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lab.world.photographs import installed_pictures

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "coins.png")
PORTRAITS = ("grace_hopper.jpg",)
MORE = (
    "brick.png",
    "clock_motion.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "retina.jpg",
    "page.png",
)
DEBIAN = (
    "aero1.jpg",
    "aloeL.jpg",
    "apple.jpg",
    "baboon.jpg",
    "basketball1.png",
    "board.jpg",
    "building.jpg",
    "butterfly.jpg",
    "chicky_512.png",
    "fruits.jpg",
    "graf1.png",
    "home.jpg",
    "leuvenA.jpg",
    "licenseplate_motion.jpg",
    "messi5.jpg",
    "rubberwhale1.png",
    "squirrel_cls.jpg",
    "starry_night.jpg",
    "stuff.jpg",
)
SPEEDS = (2.0, 12.0)  # pixels a frame, relative to the background
SHORT_SIDES = (1.2, 5.0)  # of a photograph, over the window's
THINGS, STILL_CAMERA, SMEARED = (1, 3), 0.5, 0.3
Pictures = Sequence[np.ndarray]
SHUTTER = (-0.25, 0.0, 0.25)  # frames: the moments that a smeared frame averages


def photographs() -> tuple[np.ndarray, ...]:
    """Return photographs ``[h, w, 3]`` uint8 RGB, as many as are installed."""
    return (*installed_pictures("skimage", PHOTOGRAPHS), *installed_pictures("matplotlib", PORTRAITS))


def pictures() -> tuple[np.ndarray, ...]:
    """Return the photographs, and more textures and print."""
    return (*photographs(), *installed_pictures("skimage", MORE))


def debian_pictures() -> tuple[np.ndarray, ...]:
    """Return the photographs of Debian's *opencv-doc*; none where it is not installed."""
    return installed_pictures("opencv-doc", DEBIAN)


@dataclass(frozen=True)
class Motion:
    """The path of a layer's middle: pixels of the window, frames, radians; ``zoom`` is log picture pixels a pixel."""

    start: np.ndarray
    velocity: np.ndarray
    angle: float = 0.0
    spin: float = 0.0
    zoom: float = 0.0
    growth: float = 0.0
    sway: float = 0.0  # pixels, to and fro along the way, once in 16 frames

    def pose(self, time: float, middle: np.ndarray) -> np.ndarray:
        """Return ``[2, 3]``: from the window's pixels at ``time`` to the picture's, whose ``middle`` is the layer's."""
        size = math.exp(self.zoom + self.growth * time)
        turn = self.angle + self.spin * time
        linear = size * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        along = self.velocity / max(1e-6, float(np.linalg.norm(self.velocity)))
        place = self.start + self.velocity * time + along * self.sway * math.sin(time * math.pi / 8)
        return np.concatenate([linear, (middle - linear @ place)[:, None]], 1)


@dataclass(frozen=True)
class Layer:
    """A picture ``[h, w, 3]`` uint8 in motion; ``cover [h, w]`` float32 in 0…1 cuts a thing out of it, None takes it all."""

    colour: np.ndarray
    cover: np.ndarray | None
    motion: Motion

    def over(self, behind: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Return ``behind [H, W, 3]`` float32 with the layer in front, and the share of it in every pixel ``[H, W]``."""
        size = behind.shape[1::-1]
        pose = self.motion.pose(time, np.array(self.colour.shape[1::-1]) / 2)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        colour = cv2.warpAffine(self.colour, pose, size, flags=flags, borderMode=cv2.BORDER_REFLECT).astype(np.float32)
        if self.cover is None:
            return colour, np.ones(behind.shape[:2], np.float32)
        share = cv2.warpAffine(self.cover, pose, size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
        return behind + share[..., None] * (colour - behind), share


def draw(layers: Sequence[Layer], times: Sequence[float], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[F, H, W, 3]`` uint8, the layers from back to front, and the share of the front one ``[F, H, W]`` float32."""
    clip, shares = np.empty((len(times), height, width, 3), np.uint8), np.empty((len(times), height, width), np.float32)
    for index, time in enumerate(times):
        frame, share = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
        for layer in layers:
            frame, share = layer.over(frame, time)
        clip[index], shares[index] = frame.round().clip(0, 255), share
    return clip, shares


def moving_clip(frames: int, height: int, width: int, rng: random.Random, choices: Pictures = ()) -> np.ndarray:
    """Return ``[frames, height, width, 3]`` uint8: one to three cut-outs over a photograph, some of them smeared by motion.

    All are out of ``choices``, or of :func:`pictures` where there are none.
    """
    layers = moving_layers(frames, height, width, rng, choices)
    if rng.random() >= SMEARED:
        return draw(layers, range(frames), height, width)[0]
    moments = [frame + part for frame in range(frames) for part in SHUTTER]
    clip = draw(layers, moments, height, width)[0].reshape(frames, len(SHUTTER), height, width, 3)
    return clip.mean(1).round().astype(np.uint8)


def moving_layers(frames: int, height: int, width: int, rng: random.Random, choices: Pictures = ()) -> list[Layer]:
    """Return a photograph and one to three cut-outs that cross it at :data:`SPEEDS`, from back to front."""
    choices = choices or pictures()
    layers = [background(rng.choice(choices), height, width, rng)]
    middle = rng.uniform(0, frames - 1)  # the moment at which a thing is in the picture
    for _ in range(rng.randint(*THINGS)):
        layers.append(cut_out(rng.choice(choices), height, width, middle, rng.uniform(*SPEEDS), rng))
    return layers


def photo_clip(frames: int, size: int, rng: random.Random, choices: Pictures = ()) -> np.ndarray:
    """Return ``[frames, size, size, 3]`` uint8: a glide over one of ``choices``, or of :func:`photographs`."""
    return draw([background(rng.choice(choices or photographs()), size, size, rng, still=0.0)], range(frames), size, size)[0]


def background(picture: np.ndarray, height: int, width: int, rng: random.Random, still: float = STILL_CAMERA) -> Layer:
    """Lay a photograph behind everything: ``still`` is the share of those that are, others are panned, turned and zoomed."""
    shown = _resized(picture, rng.uniform(*SHORT_SIDES) * max(height, width))
    reach = np.maximum(0, np.array(shown.shape[1::-1]) - (width, height)) / 2
    start = np.array([width, height]) / 2 + reach * (rng.uniform(-1, 1), rng.uniform(-1, 1))
    if rng.random() < still:
        return Layer(shown, None, Motion(start, np.zeros(2)))
    pan = _heading(rng) * rng.uniform(0, 6)
    motion = Motion(start, pan, rng.uniform(-0.4, 0.4), rng.uniform(-0.02, 0.02), 0.0, rng.uniform(-0.03, 0.03))
    return Layer(shown, None, motion)


def cut_out(picture: np.ndarray, height: int, width: int, time: float, speed: float, rng: random.Random) -> Layer:
    """Return a thing out of a photograph that passes through the window at ``time``, ``speed`` pixels a frame fast."""
    tall = max(12, round(min(height, width) * rng.uniform(0.3, 0.9)))
    wide = max(12, round(tall * rng.uniform(0.35, 1.2)))
    shown = _resized(picture, rng.uniform(1.0, 4.0) * max(tall, wide))
    top, left = (rng.randint(0, max(0, have - need)) for have, need in zip(shown.shape, (tall, wide), strict=False))
    colour = shown[top : top + tall, left : left + wide]
    velocity = _heading(rng, flat=True) * speed
    place = np.array([width * rng.uniform(0.2, 0.8), height * rng.uniform(0.2, 0.8)])
    spin, growth = rng.uniform(-0.03, 0.03), rng.uniform(-0.02, 0.02)
    motion = Motion(place - velocity * time, velocity, rng.uniform(-0.5, 0.5), spin, 0.0, growth, rng.uniform(0, 3))
    return Layer(colour, outline(colour, rng), motion)


def outline(colour: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return ``[h, w]`` float32 in 0…1: a smooth random blob, or one that follows the picture's own light and dark."""
    height, width = colour.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    if rng.random() < 0.4:
        field = cv2.GaussianBlur(colour.mean(2).astype(np.float32), (0, 0), max(1.0, height / 12))
        field = rng.choice((-1, 1)) * (field - field.mean()) / (field.std() + 1)
    else:
        grid = np.random.default_rng(rng.getrandbits(32)).standard_normal((5, 5)).astype(np.float32)
        field = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    inside = 1 - (x**2 + y**2) * 1.4 + 0.45 * field
    inside = np.where((abs(x) > 0.97) | (abs(y) > 0.97), -1.0, inside)
    return np.clip(0.5 + inside * min(height, width) / rng.uniform(4, 10), 0, 1).astype(np.float32)


def _heading(rng: random.Random, flat: bool = False) -> np.ndarray:
    """Return a unit vector; ``flat``: mostly sideways, as people and cars go."""
    angle = rng.gauss(0, 0.5) + rng.choice((0, math.pi)) if flat else rng.uniform(0, 2 * math.pi)
    return np.array([math.cos(angle), math.sin(angle)])


def _resized(picture: np.ndarray, short_side: float) -> np.ndarray:
    scale = short_side / min(picture.shape[:2])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(picture), None, fx=scale, fy=scale, interpolation=interpolation)
