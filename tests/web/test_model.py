"""The editor's model: what edits do to the keyframes, and that nothing a user has made is lost."""

from __future__ import annotations

import json

import pytest

HEAD = """
import { PathModel } from "./editor/model.js";
const values = { preset: "arc_left", frames: 17, amount: 1, unit: "times_preset", start: "source", ease: "linear",
  relative_to: "source", keyframes: "", ...(given ?? {}) };
const writes = [];
const write = (text, done) => { values.keyframes = text; writes.push(done); };
const model = new PathModel({ read: () => ({ ...values }), write,
  setRelativeTo: (name) => { values.relative_to = name; } });
const keys = () => (values.keyframes ? JSON.parse(values.keyframes) : []);
"""


@pytest.fixture
def model(javascript):
    """Return a function that runs a text with a model and its widgets' ``values``."""
    return lambda text, values=None: javascript(HEAD + text, values)


def test_a_preset_is_shown_without_keyframes_and_the_first_drag_writes_them(model):
    before, after, path = model("""
    const before = values.keyframes;
    model.placeKey(16, [-0.3, 0, 0]);
    answer([before, keys(), model.cameras[16].position]);
    """)
    assert before == "" and [key["frame"] for key in after] == [0, 8, 16]
    assert after[2] == {"frame": 16, "position": [-0.3, 0, 0], "look_at": [0, 0, 1]} and path == [-0.3, 0, 0]


def test_a_whole_drag_is_one_step_to_undo(model):
    undone, redone = model("""
    for (const x of [-0.1, -0.2, -0.3]) model.placeKey(16, [x, 0, 0], false);
    model.commit();
    model.undo();
    const undone = values.keyframes;
    model.redo();
    answer([undone, keys()[2].position[0]]);
    """)
    assert undone == "" and redone == -0.3


def test_undo_in_the_middle_of_a_change_takes_back_that_change_alone(model):
    undone, redone = model("""
    model.placeKey(16, [-0.1, 0, 0]);
    const before = values.keyframes;
    for (const x of [-0.2, -0.3]) model.placeKey(16, [x, 0, 0], false);
    model.undo();
    const undone = values.keyframes === before;
    model.redo();
    answer([undone, keys()[2].position[0]]);
    """)
    assert undone and redone == -0.3


def test_the_page_is_told_of_a_whole_drag_once_so_that_its_own_undo_takes_it_back_at_once(model):
    drag, typed = model("""
    for (const x of [-0.1, -0.2, -0.3]) model.placeKey(16, [x, 0, 0], false);
    model.commit();
    const drag = writes.splice(0);
    model.setText("[", false);
    model.setText("[{", false);
    model.commit();
    model.commit();
    answer([drag, writes]);
    """)
    assert drag == [False, False, False, True] and typed == [False, False, True, True]


def test_a_new_keyframe_leaves_the_path_as_it_is_and_looks_where_its_neighbours_look(model):
    added, far, ease = model("""
    const before = model.cameras.map((camera) => camera.position);
    model.addKey(4);
    const distance = (camera, i) => Math.hypot(...camera.position.map((value, axis) => value - before[i][axis]));
    answer([keys().find((key) => key.frame === 4), Math.max(...model.cameras.map(distance)), model.selected]);
    """)
    assert added["look_at"] == [0, 0, 1] and far < 1e-3 and ease == 4


def test_keyframes_move_in_time_but_not_onto_each_other_and_are_deleted(model):
    frames, left, custom = model("""
    model.addKey(8);
    model.shiftKey(8, 16);
    model.shiftKey(8, 5);
    const frames = keys().map((key) => key.frame);
    model.select(5);
    model.deleteKey();
    const left = keys().map((key) => key.frame);
    for (const frame of left) { model.select(frame); model.deleteKey(); }
    answer([frames, left, model.custom]);
    """)
    assert frames == [0, 5, 16] and left == [0, 16] and custom is False


@pytest.mark.parametrize(
    "text", ['[{"frame": 0}, {"frame": 8, "positoin": [1, 2, 3]}]', "[{", '[{"frame": 3, "ease": "bouncy"}]']
)
def test_text_that_cannot_be_read_is_named_and_no_edit_replaces_it(model, text):
    error, kept, shown, again = model(
        """
        model.addKey(8);
        const good = values.keyframes;
        model.setText(given.text);
        model.placeKey(8, [1, 0, 0]);
        model.addKey(3);
        model.deleteKey();
        const kept = values.keyframes, { error, frames } = model;
        model.undo();
        answer([error, kept, frames, values.keyframes === good]);
        """,
        {"text": text},
    )
    assert error.startswith("keyframes") and kept == text and shown == 17 and again is True


def test_a_keyframe_beyond_the_end_is_named_and_can_be_deleted(model):
    text = json.dumps([{"frame": 4}, {"frame": 40, "position": [0, 0, 1]}])
    error, frames, cured = model(
        """
        const { error, frames } = model;
        model.selected = 40;
        model.deleteKey();
        answer([error, frames, model.error]);
        """,
        {"keyframes": text},
    )
    assert "frame 40" in error and frames == 17 and cured == ""


def test_ten_thousand_keyframes_can_be_edited(model):
    text = json.dumps([{"frame": frame, "position": [0, 0, frame / 1e5]} for frame in range(10_000)])
    count, moved = model(
        "model.placeKey(77, [1, 0, 0]); answer([keys().length, model.cameras[77].position[0]]);",
        {"keyframes": text, "frames": 10_000},
    )
    assert count == 10_000 and moved == 1


def test_the_length_is_that_of_the_last_run_while_its_clip_is_connected(model):
    lengths = model(
        """
        const lengths = [];
        for (const [requested, frames, fromClip] of given.cases) {
          model.run = { frames: 9, requested };
          Object.assign(values, { frames, fromClip });
          model.refresh();
          lengths.push(model.frames);
        }
        answer(lengths);
        """,
        {"cases": [(None, 17, True), (None, 33, True), (None, 33, False), (8, 8, True), (8, 17, True), (8, 8, False)]},
    )
    assert lengths == [9, 9, 33, 9, 17, 9], "a still has no length of its own, and what a VAE made of 8 is not that of 17"


def test_keyframes_of_a_connected_node_are_not_the_editors(model):
    error, kept = model("model.placeKey(8, [1, 0, 0]); answer([model.error, values.keyframes]);", {"elsewhere": True})
    assert error.startswith("keyframes") and kept == ""


def test_another_preset_fills_the_keyframes_anew_and_can_be_undone(model):
    filled, undone = model("""
    model.placeKey(16, [-0.3, 0, 0]);
    values.preset = "dolly";
    model.refresh();
    model.fillFromPreset();
    const filled = keys();
    model.undo();
    answer([filled, keys().length]);
    """)
    assert filled[-1]["position"] == [0, 0, 0.2] and len(filled) == 2 and undone == 3


def test_the_keyframes_of_a_stabilised_preset_stay_relative_to_the_stabilised_camera(model):
    before, after = model(
        "const before = model.relativeTo; model.placeKey(0, [0, 0, 0.1]); answer([before, model.relativeTo]);",
        {"preset": "stabilise"},
    )
    assert before == after == "stabilised"


def test_undo_takes_back_what_a_preset_made_the_keyframes_relative_to_and_not_what_the_user_chose(model):
    seen = model("""
    const seen = [], note = () => seen.push([keys().length, values.relative_to]);
    model.placeKey(16, [-0.3, 0, 0]);
    values.preset = "stabilise";
    model.refresh();
    model.fillFromPreset();
    note();
    model.undo();
    note();
    model.redo();
    note();
    values.relative_to = "world";
    model.refresh();
    model.undo();
    note();
    answer(seen);
    """)
    assert seen == [[1, "stabilised"], [3, "source"], [1, "stabilised"], [3, "world"]]


def test_a_pasted_text_that_says_what_it_is_relative_to_sets_that_and_undo_takes_both_back(model):
    typed, ended, undone = model(
        """
        model.setText(given.text, false);
        const typed = model.relativeTo;
        model.commit();
        const ended = model.relativeTo;
        model.undo();
        answer([typed, ended, [values.keyframes, model.relativeTo]]);
        """,
        {"text": '{"relative_to": "world", "keyframes": [{"frame": 0}]}'},
    )
    assert (typed, ended, undone) == ("source", "world", ["", "source"])


def test_undo_of_a_drag_that_made_keyframes_of_a_stabilised_preset_takes_both_back(model):
    undone, redone = model(
        """
        for (const z of [0.1, 0.2]) model.placeKey(0, [0, 0, z], false);
        model.commit();
        model.undo();
        const undone = [values.keyframes, values.relative_to];
        model.redo();
        answer([undone, values.relative_to]);
        """,
        {"preset": "stabilise"},
    )
    assert undone == ["", "source"] and redone == "stabilised"


def test_a_preset_that_cannot_be_made_is_named_and_leaves_the_keyframes(model):
    error, kept, custom = model("""
    model.placeKey(16, [-0.3, 0, 0]);
    const before = values.keyframes;
    Object.assign(values, { preset: "dolly_zoom", unit: "degrees_or_rho", amount: 10 });
    model.refresh();
    model.fillFromPreset();
    answer([model.error, values.keyframes === before, model.custom]);
    """)
    assert "dolly-zoom" in error and kept and custom


def test_a_keyframe_added_where_the_path_passes_what_its_neighbours_look_at_is_turned_instead(model):
    error, key = model(
        "model.addKey(8); answer([model.error, keys().find((key) => key.frame === 8)]);",
        {"keyframes": '[{"frame": 0, "look_at": [0, 0, 1]}, {"frame": 16, "position": [0, 0, 2], "look_at": [0, 0, 1]}]'},
    )
    assert error == "" and key["position"] == [0, 0, 1] and "look_at" not in key
