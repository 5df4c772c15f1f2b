"""The editor between loads that come late: the scene asked for last is shown; a message stands no longer than it is true."""

from __future__ import annotations

import pytest
from scenes import step

from inversecrafter_core.preview.scene import scene_file

HEAD = """
import { settle, until } from "./fake_page.js";
import { Editor } from "./editor/editor.js";
import { PathModel } from "./editor/model.js";
const bytes = readFileSync(given.file), asked = [];
globalThis.fetch = (url, { headers }) => new Promise((resolve) => {
  const [first, last] = headers.Range.match(/\\d+/g).map(Number), part = bytes.subarray(first, last + 1);
  const whole = { ok: true, status: 206, arrayBuffer: async () => Uint8Array.from(part).buffer };
  asked.push({ url, answer: () => resolve(whole), lose: () => resolve({ ok: false, status: 404 }) });
});
const answered = async (url, end, how = "answer") => {
  while (!end()) {
    for (const one of asked.filter((one) => one.url === url && !one.done)) Object.assign(one, { done: true })[how]();
    await settle();
  }
};
const values = { preset: "arc_left", frames: 5, amount: 1, unit: "times_preset", start: "source", ease: "linear",
  relative_to: "source", keyframes: "", fromClip: true, geometry: true };
const model = new PathModel({ read: () => ({ ...values }), write: (text) => { values.keyframes = text; } });
let run = async () => {};
const shared = {}, editor = new Editor(model, shared, () => run());
"""


@pytest.fixture
def editor(javascript, tmp_path):
    """Return a function that runs a text with an editor whose files arrive when the text says so."""
    (tmp_path / "scene.bin").write_bytes(scene_file(step(frames=5)))
    return lambda text: javascript(f"{HEAD}{text}; process.exit(0);", {"file": str(tmp_path / "scene.bin")})


def test_a_scene_that_fails_late_does_not_keep_the_one_asked_for_after_it_away(editor):
    shown, note = editor("""
    editor.open("old");
    editor.open("new");
    await answered("old", () => asked.some((one) => one.url === "old" && one.done), "lose");
    await settle();
    await answered("new", () => shared.current);
    answer([shared.url, editor.status.textContent]);
    """)
    assert shown == "new" and "gone" not in note


def test_the_frame_shown_follows_while_a_message_stands(editor):
    place = editor("""
    editor.open("scene");
    await answered("scene", () => shared.current);
    run = async () => { throw new Error("The run was cancelled."); };
    await editor.read();
    model.goTo(2);
    model.goTo(4);
    await answered("scene", () => asked.every((one) => one.done));
    await settle();
    await answered("scene", () => asked.every((one) => one.done));
    answer(editor.place);
    """)
    assert place == 4


def test_a_message_of_a_failed_reading_ends_with_the_next_run_of_the_same_scene(editor):
    before, after = editor("""
    editor.open("scene");
    await answered("scene", () => shared.current);
    run = async () => { throw new Error("The run was cancelled."); };
    await editor.read();
    const before = editor.status.textContent;
    await editor.open("scene");
    answer([before, editor.status.textContent]);
    """)
    assert before == "The run was cancelled." and after != before


def test_an_editor_that_the_page_has_put_elsewhere_while_it_was_large_stays_there(editor):
    assert editor("""
    const boxes = ["div", "div"].map((tag) => document.createElement(tag));
    boxes[0].appendChild(editor.element);
    editor.enlarge(true);
    boxes[1].appendChild(editor.element); // the page shows the node's graph anew
    editor.enlarge(false);
    const home = boxes[1].children.includes(editor.element);
    editor.enlarge(true);
    editor.enlarge(false);
    answer([home, boxes[1].children.includes(editor.element)]);
    """) == [True, True]


def test_a_number_that_would_put_a_camera_on_what_it_looks_at_is_not_taken(editor):
    error, keyframes, z = editor("""
    model.setText('[{"frame": 4, "position": [0, 0, 0.2], "look_at": [0, 0, 1]}]');
    model.goTo(4);
    const [, , field] = editor.inspector.fields;
    field.value = "1";
    field.dispatchEvent(new Event("change"));
    answer([model.error, values.keyframes, field.value]);
    """)
    assert error == "" and "0.2" in keyframes and z == "0.2"


def test_an_editor_whose_node_is_removed_lets_go_of_its_scene_and_takes_none_that_comes_late(editor):
    assert editor("""
    editor.open("scene");
    await answered("scene", () => shared.current);
    const shown = Boolean(shared.scene && shared.estimate);
    editor.close();
    const kept = [shared.scene, shared.current, shared.estimate];
    const late = editor.open("late");
    editor.close();
    let ended = false;
    late.then(() => { ended = true; });
    await answered("late", () => ended);
    answer([shown, ...kept, shared.scene]);
    """) == [True, None, None, None, None]


def test_a_turn_of_the_wheel_is_one_step_to_undo(editor):
    before, after = editor("""
    const wheel = () => editor.camera.canvas.dispatchEvent(Object.assign(new Event("wheel"), { deltaY: -100 }));
    model.addKey(4);
    const before = values.keyframes;
    model.goTo(4);
    for (let i = 0; i < 5; i++) wheel();
    const moved = values.keyframes;
    await until(() => model.history.now === moved);
    model.undo();
    answer([before, values.keyframes]);
    """)
    assert before == after != ""


def test_a_scene_that_was_lost_goes_with_a_run_that_has_none(editor):
    assert editor("""
    editor.open("scene");
    await answered("scene", () => shared.current);
    model.goTo(4);
    await answered("scene", () => shared.url === null, "lose");
    await editor.open(null);
    answer([shared.scene, shared.current, editor.note]);
    """) == [None, None, ""]
