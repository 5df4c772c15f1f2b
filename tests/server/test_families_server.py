"""A real server samples and decodes a small model of every family through the stock nodes."""

from __future__ import annotations

from typing import Any

import pytest

from lab.models.families import FAMILIES, REFUSED, Family
from lab.models.families.serve import file_of


def stock_graph(family: Family) -> dict[str, dict[str, Any]]:
    """Two Euler steps of the family's small model, decoded and saved as pictures, in the host's API form."""
    sampling = {"seed": 7, "steps": 2, "cfg": 2.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
    links = {"model": ["1", 0], "positive": ["3", 0], "negative": ["3", 1], "latent_image": ["3", 2]}
    return {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": file_of(family), "weight_dtype": "default"}},
        "2": {"class_type": "VAELoader", "inputs": {"vae_name": file_of(family)}},
        "3": {"class_type": "SmallFamilyInputs", "inputs": {"family": family.name}},
        "4": {"class_type": "KSampler", "inputs": sampling | links},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["2", 0]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": family.name}},
    }


@pytest.mark.parametrize("family", [*FAMILIES, *REFUSED], ids=str)
def test_stock_nodes_sample_and_decode_the_family(families_host: Any, family: Family):
    if not (families_host.base / "models" / "diffusion_models" / file_of(family)).is_file():
        pytest.skip(f"this host has no {family.name}")
    job = families_host.run(stock_graph(family))
    assert len(families_host.files(job, "6")) == family.frames
