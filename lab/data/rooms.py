"""Twelve real rooms seen by a stereo camera, and the depth that two lenses 75 mm apart give for what has texture.

The pictures (OAK-D, grey, rectified, by Nicolas Burrus, CC BY 4.0) come in the package *stereodemo*. Nothing trains on them and
nothing is chosen by them. Disparity is OpenCV's semi-global matching (Hirschmüller 2008) on all eight paths; a pixel counts
where the matches from the left and from the right agree within a pixel and there is texture to match; depth is unknown
elsewhere. What repeats can still match at a wrong place: behind the toy donkey, bars of a cot do.
"""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import torch

from lab.host.paths import ASSETS
from lab.world.photographs import read_picture

from .assets import Package, fetch_members

PACKAGE = Package("wheel", "stereodemo==0.7", "effd07da657295e834aa1b0c89cc962e953d66b506a75365ad32a1114f2389ec")
NAMES = (
    *("bedroom_chair", "corridor", "cycles", "desk", "donkey_toy", "kid_bedroom"),
    *("living_room", "pov_controllers", "pov_hands", "selfie", "stairs", "toy"),
)
CALIBRATION, FOLDER = "stereodemo_calibration.json", ASSETS / "rooms"
DISPARITIES, BLOCK, SMALL_CHANGE, LARGE_CHANGE, UNIQUE = 128, 5, 200, 800, 5
LEAST_DISPARITY, AGREEMENT, TEXTURE = 3.0, 1.0, 3.0  # pixels, pixels, grey levels of standard deviation in 9x9


class Room(NamedTuple):
    """``picture [H, W, 3]`` in 0 ... 1, its ``depth [H, W]`` in metres, and where that is ``known [H, W]``."""

    name: str
    picture: torch.Tensor
    depth: torch.Tensor
    known: torch.Tensor


@cache
def why_no_rooms() -> str:
    """Return why the rooms cannot be had; empty when they can. Fetches them once."""
    files = [f"{name}_{side}.png" for name in NAMES for side in ("left", "right")] + [CALIBRATION]
    if all((FOLDER / file).is_file() for file in files):
        return ""
    return fetch_members(PACKAGE, [f"stereodemo/datasets/oak-d/{file}" for file in files], FOLDER)


def rooms() -> list[Room]:
    """Return all rooms; none where they cannot be had."""
    return [] if why_no_rooms() else [load_room(name) for name in NAMES]


def load_room(name: str) -> Room:
    """Read a pair and measure its depth; cut to what the left lens saw."""
    lens = json.loads((FOLDER / CALIBRATION).read_text())
    left, right = (read_picture(FOLDER / f"{name}_{side}.png") for side in ("left", "right"))
    disparity, known = measure_disparity(left[..., 0], right[..., 0])
    depth = lens["fx"] * lens["baseline_meters"] / np.where(known, disparity + lens["cx0"] - lens["cx1"], 1)
    height, width = known.shape
    x0, y0, x1, y1 = (
        round(part * side) for part, side in zip(lens["left_image_rect_normalized"], (width, height) * 2, strict=True)
    )
    seen = np.s_[y0:y1, x0:x1]
    picture = torch.from_numpy(left[seen].copy()).float() / 255
    return Room(name, picture, torch.from_numpy(depth[seen]).float(), torch.from_numpy(known[seen].copy()))


def measure_disparity(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Match two grey uint8 pictures ``[H, W]``; returns disparity of the left one in pixels and where it is trusted."""
    forth = _matched(left, right)
    back = _matched(np.fliplr(right), np.fliplr(left))[:, ::-1]
    landing = np.arange(left.shape[1]) - np.rint(forth).astype(int)
    returned = np.take_along_axis(back, landing.clip(0, left.shape[1] - 1), 1)
    grey = left.astype(np.float32)
    spread = cv2.blur(grey**2, (9, 9)) - cv2.blur(grey, (9, 9)) ** 2
    known = (forth > LEAST_DISPARITY) & (landing >= 0) & (np.abs(returned - forth) < AGREEMENT) & (spread > TEXTURE**2)
    return forth, known


def _matched(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the disparity by semi-global matching; at the left edge too, where a border is put on for it."""
    matcher = cv2.StereoSGBM_create(  # type: ignore[attr-defined]
        0, DISPARITIES, BLOCK, SMALL_CHANGE, LARGE_CHANGE, 1, 31, UNIQUE, 60, 2, cv2.STEREO_SGBM_MODE_HH
    )
    wide = [cv2.copyMakeBorder(side, 0, 0, DISPARITIES, 0, cv2.BORDER_CONSTANT) for side in (left, right)]
    return matcher.compute(*wide)[:, DISPARITIES:].astype(np.float32) / 16
