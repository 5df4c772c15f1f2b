"""The camera path of the editor is the path of the run: the same keyframes and presets in JavaScript and in Python."""

from __future__ import annotations

import json
import random

import pytest
import torch

from inversecrafter_core.camera import PRESETS, CameraPath, keyframe_path, preset_path
from inversecrafter_core.errors import InputError

TOLERANCE = 1e-5
FRAMES = 33
POSES = """
const rows = (cameras) => cameras.map(({ rotation: r, position: p, focal_scale: f }) =>
  [r[0], r[1], r[2], p[0], r[3], r[4], r[5], p[1], r[6], r[7], r[8], p[2], f]);
"""
OF_KEYFRAMES = f"""
import {{ parseKeyframes }} from "./path/keyframes.js";
import {{ interpolated }} from "./path/interpolate.js";
{POSES}
answer(given.map(([text, frames, ease]) => rows(interpolated(parseKeyframes(text), frames, ease))));
"""


def random_keyframes(dice: random.Random, frames: int) -> list[dict]:
    """Return one to nine keyframes with every kind of rotation, unsorted, some without a pace of their own."""
    keys = []
    for frame in dice.sample(range(frames), dice.randint(1, 9)):
        key: dict = {"frame": frame, "position": [dice.uniform(-0.5, 0.5) for _ in range(3)]}
        kind = dice.choice(["none", "euler", "quaternion", "look_at"])
        if kind == "euler":
            key["euler"] = [dice.uniform(-80, 80), dice.uniform(-180, 180), dice.uniform(-180, 180)]
        elif kind == "quaternion":
            key["quaternion"] = [dice.uniform(-1, 1) for _ in range(4)]
        elif kind == "look_at":
            key["look_at"] = [dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(1, 2)]
        if dice.random() < 0.5:
            key["focal_scale"] = dice.uniform(0.5, 2)
        if dice.random() < 0.5:
            key["ease"] = dice.choice(["linear", "smooth"])
        keys.append(key)
    return keys


def difference(path: CameraPath, rows: list[list[float]]) -> float:
    """Return the largest difference between a path and rows of 3x4 matrices with focal scales."""
    found = torch.tensor(rows, dtype=torch.float64)
    known = torch.cat([path.camera_to_world[:, :3].reshape(-1, 12), path.focal_scale[:, None]], 1).double()
    return float((found - known).abs().max())


def test_random_keyframes_give_the_same_path_in_the_page_and_in_the_run(javascript):
    dice = random.Random(5)
    cases = [(json.dumps(random_keyframes(dice, FRAMES)), FRAMES, dice.choice(["linear", "smooth"])) for _ in range(200)]
    for (text, frames, ease), rows in zip(cases, javascript(OF_KEYFRAMES, cases), strict=True):
        assert difference(keyframe_path(text, frames, ease=ease), rows) < TOLERANCE, text


def test_the_pace_of_a_keyframe_holds_up_to_the_next_one():
    keys = [{"frame": 0, "ease": "smooth"}, {"frame": 8, "position": [1, 0, 0]}, {"frame": 16, "position": [2, 0, 0]}]
    x = keyframe_path(json.dumps(keys), 17, ease="linear").camera_to_world[:, 0, 3]
    assert x[2] < 0.2 and torch.allclose(x[8:], torch.linspace(1, 2, 9))
    with pytest.raises(InputError, match=r"keyframes\[0\].ease: 'bouncy'.*linear, smooth"):
        keyframe_path('[{"frame": 0, "ease": "bouncy"}]', 5)


SETTINGS = [
    {"preset": name, "amount": amount, "unit": "times_preset", "start": start, "ease": ease}
    for name in PRESETS
    for amount, start, ease in ((1.0, "source", "linear"), (-1.7, "source", "smooth"), (1.2, "full", "linear"))
]


def test_presets_give_the_same_path_in_the_page_and_in_the_run(javascript):
    text = f'import {{ presetPath }} from "./path/presets.js";{POSES}answer(given.map((s) => rows(presetPath(s, {FRAMES}))));'
    for settings, rows in zip(SETTINGS, javascript(text, SETTINGS), strict=True):
        preset = PRESETS[settings["preset"]]
        full = settings["amount"] * preset.amount
        full = full * torch.pi / 180 if preset.unit == "degrees" else full
        path = preset_path(settings["preset"], FRAMES, full, start=settings["start"], ease=settings["ease"])
        assert difference(path, rows) < TOLERANCE, settings


def test_the_keyframes_that_a_preset_is_replaced_by_follow_it_to_a_fraction_of_its_amount(javascript):
    text = f"""
    import {{ PRESETS, presetKeyframes, presetPath }} from "./path/presets.js";
    import {{ formatKeyframes, parseKeyframes }} from "./path/keyframes.js";
    import {{ interpolated }} from "./path/interpolate.js";
    {POSES}
    answer(given.map((s) => [rows(presetPath(s, {FRAMES})), formatKeyframes(presetKeyframes(s, {FRAMES})),
      rows(interpolated(parseKeyframes(formatKeyframes(presetKeyframes(s, {FRAMES}))), {FRAMES}, s.ease))]));
    """
    for settings, (rows, filled, through) in zip(SETTINGS, javascript(text, SETTINGS), strict=True):
        path = keyframe_path(filled, FRAMES, ease=settings["ease"])
        assert difference(path, through) < TOLERANCE, settings
        far = max(1e-3, max(abs(value) for row in rows for value in (row[3], row[7], row[11])))
        limit = 0.06 if settings["ease"] == "smooth" or settings["preset"] == "spiral" else 0.02
        assert difference(path, rows) < limit * max(far, 0.1), settings


@pytest.mark.parametrize(
    "text",
    [
        "[{",
        "[]",
        "{}",
        "[3]",
        '[{"frame": -1}]',
        '[{"frame": true}]',
        '[{"frame": 1.5}]',
        '[{"frame": 1}, {"frame": 1}]',
        '[{"frame": 1, "position": [0, 0]}]',
        '[{"frame": 1, "position": [0, 0, "a"]}]',
        '[{"frame": 1, "colour": 3}]',
        '[{"frame": 1, "quaternion": [0, 0, 0, 0]}]',
        '[{"frame": 1, "look_at": [0, 0, 0]}]',
        '[{"frame": 1, "look_at": [0, 5, 0]}]',
        '[{"frame": 1, "euler": [0, 0, 0], "look_at": [0, 0, 1]}]',
        '[{"frame": 1, "focal_scale": 0}]',
        '[{"frame": 1, "ease": "bouncy"}]',
        '[{"frame": 1, "position": null}]',
        '[{"frame": 1, "focal_scale": null}]',
        '[{"frame": 1, "position": [0, 0, 1e30]}]',
    ],
)
def test_keyframes_that_the_run_refuses_are_refused_in_the_page_and_named_alike(javascript, text):
    script = """
    import { parseKeyframes } from "./path/keyframes.js";
    try { parseKeyframes(given); answer(null); } catch (error) { answer([error.constructor.name, error.message]); }
    """
    kind, message = javascript(script, text)
    with pytest.raises(InputError) as refused:
        keyframe_path(text, 5)
    assert kind == "InputError" and message.split(":")[0].endswith(refused.value.name)


def test_a_whole_frame_that_another_program_writes_as_a_fraction_is_read_by_both(javascript):
    text = '[{"frame": 0.0}, {"frame": 4e0, "position": [1, 0, 0]}]'
    (rows,) = javascript(OF_KEYFRAMES, [[text, 5, "linear"]])
    assert difference(keyframe_path(text, 5, ease="linear"), rows) < TOLERANCE and rows[4][3] == 1


def test_ten_thousand_keyframes_are_read_and_drawn_in_a_moment(javascript):
    keys = [{"frame": index, "position": [index * 1e-4, 0, 0]} for index in range(10_000)]
    (rows,) = javascript(OF_KEYFRAMES, [(json.dumps(keys), 10_000, "smooth")])
    assert len(rows) == 10_000 and rows[-1][3] == pytest.approx(0.9999)


def test_undo_and_redo_walk_through_what_was_made_and_a_new_change_ends_the_redo(javascript):
    script = """
    import { History } from "./path/history.js";
    const history = new History("");
    for (const text of ["a", "a", "b", "c"]) history.push(text);
    const seen = [history.undo(), history.undo(), history.undo(), history.undo(), history.redo()];
    history.push("d");
    answer([...seen, history.redo(), history.undo(), history.canUndo, history.canRedo]);
    """
    assert javascript(script) == ["b", "a", "", "", "a", "d", "a", True, True]
