"""The reading of a scene ends however its prompt does: by a message, taken out of the queue, or unheard of in a break."""

from __future__ import annotations

import pytest

SCRIPT = """
import { api, app, send, settle } from "./fake_page.js";
import { runBranch } from "./editor/branch.js";
const node = { id: 3 };
app.graph = { getNodeById: (id) => (Number(id) === 3 ? node : null) };
app.graphToPrompt = async () => ({ output: { 3: { class_type: "InverseCrafterCameraPath", inputs: {} } }, workflow: {} });
let queue = [[0, "mine", {}, {}, []]], history = {};
api.queuePrompt = async () => ({ prompt_id: "mine" });
api.fetchApi = async (route) => ({
  json: async () => (route === "/queue" ? { queue_running: [], queue_pending: queue } : history),
});
let ended = null;
runBranch(node, {}).then(() => { ended = "well"; }, (error) => { ended = error.message; });
await settle();
send("status", {});
await settle();
const before = ended;
queue = [];
history = given.history ? { mine: given.history } : {};
if (given.message) send(...given.message);
send("status", {});
await settle();
answer([before, ended]);
process.exit(0);
"""


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        ({"message": ["execution_success", {"prompt_id": "mine"}]}, "well"),
        ({"message": ["execution_error", {"prompt_id": "mine", "exception_message": "no such file"}]}, "no such file"),
        ({}, "The run was cancelled."),
        ({"history": {"status": {"messages": [["execution_start", {}], ["execution_success", {}]]}}}, "well"),
        ({"history": {"status": {"messages": [["execution_error", {"exception_message": "no such file"}]]}}}, "no such file"),
    ],
    ids=["ended", "failed", "taken out of the queue", "ended unheard", "failed unheard"],
)
def test_a_reading_ends_as_its_prompt_does(javascript, happens, said):
    assert javascript(SCRIPT, happens) == [None, said]
