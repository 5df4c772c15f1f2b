"""A real server samples a small model of every family: through the stock nodes, and under every guidance node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from families.facts import Sampling, facts_of
from families.refused import REFUSED
from families.served import file_of
from PIL import Image

from lab.host import graph
from lab.models.families import FAMILIES, Family

STRONG = {"gamma": 1000.0, "start_percent": 0.0}
SAMPLED = {"steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "simple"}
Link = list[Any]


class FamilyGraph:
    """A prompt in the host's API form that loads a family's small model; nodes are added with their own defaults."""

    def __init__(self, host: Any, family: Family):
        if not (host.base / "models" / "diffusion_models" / file_of(family)).is_file():
            pytest.skip(f"this host has no {family.name}")
        self.host, self.family, self.prompt = host, family, {}
        self.model = [self.add("UNETLoader", unet_name=file_of(family)), 0]
        self.vae = [self.add("VAELoader", vae_name=file_of(family)), 0]
        given = self.add("SmallFamilyInputs", family=family.name)
        self.positive, self.negative, self.latent, self.video = ([given, index] for index in range(4))

    def add(self, class_type: str, **inputs: Any) -> str:
        """Add a node, its unnamed widgets at their defaults, and return its id."""
        required = self.host.get(f"/object_info/{class_type}").json()[class_type]["input"]["required"]
        defaults = {name: entry[1]["default"] for name, entry in required.items() if "default" in (entry[1:] or [{}])[0]}
        choices = {name: entry[0][0] for name, entry in required.items() if isinstance(entry[0], list) and entry[0]}
        if not self.prompt:
            self.prompt["1"] = {"class_type": class_type, "inputs": choices | defaults | inputs}
            return "1"
        return graph.add(self.prompt, class_type, **(choices | defaults | inputs))

    def shown(self, latent: Link) -> str:
        """Add decoding and saving of a latent; return the id of the saving node."""
        decoded = self.add("VAEDecode", samples=latent, vae=self.vae)
        return self.add("SaveImage", images=[decoded, 0])

    def stock(self, model: Link | None = None) -> Link:
        """Add the host's own KSampler."""
        links = {"positive": self.positive, "negative": self.negative, "latent_image": self.latent}
        return [self.add("KSampler", model=model or self.model, seed=7, **links, **SAMPLED), 0]

    def custom(self, sampler: Link) -> Link:
        """Add the host's custom sampling under a SAMPLER."""
        sigmas = [self.add("BasicScheduler", model=self.model, scheduler="simple", steps=2), 0]
        links = {"positive": self.positive, "negative": self.negative, "latent_image": self.latent}
        seeded = {"model": self.model, "noise_seed": 7, "cfg": 2.0, "sampler": sampler, "sigmas": sigmas}
        return [self.add("SamplerCustom", **seeded, **links), 0]

    def guided(self) -> dict[str, Link]:
        """Add every guidance node on a clip without holes; return the latents by node."""
        holes = [self.add("SolidMask", value=0.0, width=self.family.size[1], height=self.family.size[0]), 0]
        measured = self.add("InverseCrafterEncodeMeasurement", vae=self.vae, video=self.video, holes=holes)
        evidence = {"measurement": [measured, 0], **STRONG}
        links = {"positive": self.positive, "negative": self.negative, "latent_image": self.latent}
        patched = self.add("InverseCrafterApplyGuidance", model=self.model, **evidence)
        exact = self.add("InverseCrafterSampler", **evidence)
        sampling = {"model": self.model, "seed": 7, "steps": 2, "cfg": 2.0}
        found = {
            "ksampler": [self.add("InverseCrafterKSampler", **evidence, **sampling, **links), 0],
            "patch": self.stock([patched, 0]),
            "sampler": self.custom([exact, 0]),
        }
        if facts_of(self.family).sampling != Sampling.COSMOS:  # which stochastic conditioning refuses
            found["context"] = self.custom([self.add("InverseCrafterStochasticConditioning", **evidence), 0])
        return found


@pytest.mark.parametrize("family", [*FAMILIES, *REFUSED], ids=str)
def test_stock_nodes_sample_and_decode_the_family(families_host: Any, family: Family):
    drawn = FamilyGraph(families_host, family)
    saved = drawn.shown(drawn.stock())
    assert len(families_host.files(families_host.run(drawn.prompt), saved)) == family.frames


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_a_clip_without_holes_comes_out_of_every_guidance_node(families_host: Any, family: Family):
    drawn = FamilyGraph(families_host, family)
    truth = drawn.shown([drawn.add("VAEEncode", pixels=drawn.video, vae=drawn.vae), 0])
    alone = drawn.shown(drawn.stock())
    saved = {route: drawn.shown(latent) for route, latent in drawn.guided().items()}
    job = families_host.run(drawn.prompt)

    def pictures(key: str) -> np.ndarray:
        return np.stack([np.asarray(Image.open(path)) for path in families_host.files(job, key)]).astype(float)

    unguided = np.abs(pictures(alone) - pictures(truth)).mean()
    for route, key in saved.items():
        assert np.abs(pictures(key) - pictures(truth)).mean() < min(2.0, unguided / 4), (route, unguided)
