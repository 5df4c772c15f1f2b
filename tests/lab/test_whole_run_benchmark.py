"""What the whole run costs: operations as on paper, and nodes, encodings and flows counted where they happen."""

from __future__ import annotations

import cv2
import pytest
import torch


@pytest.fixture(scope="module")
def whole_run(pack):
    import lab.benchmarks.cost.whole_run

    return lab.benchmarks.cost.whole_run


def test_operations_of_a_small_network_are_those_worked_out_by_hand(pack):
    from lab.metrics.flops import TEXT_TOKENS, network_flops

    dim, ffn, cells = 256, 512, (3, 4, 6)
    sizes = {"dim": dim, "ffn_dim": ffn, "num_heads": 2}
    one, two = (network_flops(cells, num_layers=layers, **sizes) for layers in (1, 2))
    tokens = 3 * 2 * 3
    own = 4 * tokens * dim**2 + 2 * tokens**2 * dim
    other = 2 * tokens * dim**2 + 2 * TEXT_TOKENS * dim**2 + 2 * tokens * TEXT_TOKENS * dim
    assert two - one == 2 * (own + other + 2 * tokens * dim * ffn)


def test_a_decoder_costs_more_than_its_encoder_and_both_grow_with_the_clip(pack):
    from lab.metrics.flops import vae_flops

    encoding, decoding = vae_flops((5, 32, 32), dim=16)
    assert 0 < encoding < decoding
    longer, _ = vae_flops((9, 32, 32), dim=16)
    assert 1.5 < longer / encoding < 2


class Vae:
    def encode(self, video):
        return video.mean()


class Measure:
    FUNCTION = "run"

    def run(self, vae, video):
        cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        return (vae.encode(video) + vae.encode(video),)


class Decode:
    FUNCTION = "run"

    def run(self, latent, scale):
        return (latent * scale,)


def test_a_graph_is_run_once_in_order_and_its_encodings_and_flows_are_counted(whole_run):
    prompt = {
        "3": {"class_type": "Decode", "inputs": {"latent": ["2", 0], "scale": 2}},
        "2": {"class_type": whole_run.DEPTH, "inputs": {"latent": ["1", 0], "scale": 3}},
        "1": {"class_type": "Measure", "inputs": {"vae": ["0", 0], "video": ["9", 0]}},
        "0": {"class_type": "never run", "inputs": {}},
        "9": {"class_type": "never run", "inputs": {}},
    }
    given = {"0": (Vae(),), "9": (torch.ones(2),)}
    made, cost = whole_run.execute(prompt, given, {"Measure": Measure, "Decode": Decode, whole_run.DEPTH: Decode})
    assert float(made["3"][0]) == 12
    assert (cost.encodings, cost.flows) == (2, 1)
    assert set(cost.seconds) == {"Measure", "Decode", whole_run.DEPTH}
    assert cost.whole == pytest.approx(cost.seconds["Measure"] + cost.seconds["Decode"]), "depth is left out"


def test_rows_say_what_is_missed(whole_run):
    def costs(sampling, encodings, flows):
        return [whole_run.Cost({"VAEDecode": 1.0, "KSampler": sampling}, encodings, flows)]

    runs = whole_run.Runs(costs(2.0, 4, 1), costs(3.0, 5, 1), costs(1.0, 1, 0))
    rows = {row.name.rpartition(": ")[2]: row for row in whole_run.on_this_model(runs)}
    assert rows["over the bare model's"].value == 1.5 and rows["over the bare model's"].holds is False
    assert rows["over the bare model's, image to video"].value == 2.0
    assert rows["encodings beyond E(y) and the bare model's own"].value == 2
    assert rows["optical flows, depth aside"].holds is False
    assert rows["KSampler"].value == pytest.approx(100)


def test_what_the_bare_run_encodes_is_left_out_where_nothing_is_encoded(whole_run):
    bare = whole_run.Cost({"KSampler": 1.0, whole_run.FIRST_FRAME: 1.0}, 1, 0)
    guided = whole_run.Cost({"KSampler": 3.0}, 1, 0)
    rows = {row.name.rpartition(": ")[2]: row for row in whole_run.on_this_model(whole_run.Runs([guided], [guided], [bare]))}
    assert rows["over the bare model's"].value == 1.5
    assert rows["over the bare model's from text, nothing encoded"].value == 3.0


def test_the_graph_tells_its_model_to_the_conditioning_and_as_image_to_video_it_does_not(whole_run):
    guided, _ = whole_run.guided_prompt(torch.zeros(17, 32, 32, 3))
    both = guided, whole_run.image_to_video_prompt(guided)
    inputs = [prompt[whole_run.graph.find(prompt, whole_run.INPAINT)]["inputs"] for prompt in both]
    assert ["model" in one for one in inputs] == [True, False] and inputs[0].keys() - inputs[1].keys() == {"model"}


def test_the_bare_graph_has_one_encoding_and_the_same_steps(whole_run):
    clip = torch.zeros(17, 32, 32, 3)
    guided, _ = whole_run.guided_prompt(clip)
    bare = whole_run.bare_prompt(guided, clip)
    kinds = [node["class_type"] for node in bare.values()]
    assert kinds.count("WanImageToVideo") == 1 and not any("Measurement" in kind or "Warp" in kind for kind in kinds)
    (sampler,) = [node["inputs"] for node in bare.values() if node["class_type"] == whole_run.BARE]
    (ours,) = [node["inputs"] for node in guided.values() if node["class_type"] == whole_run.GUIDED]
    assert sampler["steps"] == ours["steps"] and sampler["model"] == ours["model"]
