"""Stock graphs of the families: their nodes exist, and the page names every family."""

from __future__ import annotations

import importlib

import pytest
from families.kit import SmallModels
from families.matrix import PAGE, Report, page
from families.recipes import RECIPES, recipe_of

from lab.host.smaller import host_class
from lab.models.families import FAMILIES, Family


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_the_host_has_the_nodes_of_the_familys_recipe(small_models: SmallModels, family: Family):
    small_models.network(family)
    recipe = recipe_of(family)
    loader, kind = recipe.clip
    known = importlib.import_module("nodes").NODE_CLASS_MAPPINGS
    if kind:
        offered = known[loader].INPUT_TYPES()["required"]["type"][0]
        assert kind in offered
    for name in (recipe.conditioning, recipe.latent):
        assert not name or host_class(name)


def test_every_family_has_a_recipe_and_a_row():
    assert set(RECIPES) == {family.name for family in FAMILIES}
    text = PAGE.read_text(encoding="utf-8")
    assert all(text.count(f"| {family.name} |") == 2 for family in FAMILIES)
    assert "FAILED" not in text


def test_the_page_names_the_host_of_each_outcome_where_hosts_differ():
    mochi = {"Mochi": {"Encode Measurement": "yes", "Select Stochastic Conditioning": "yes"}}
    other = {"Mochi": {"Encode Measurement": "yes", "Select Stochastic Conditioning": "refused"}}
    text = page([Report("1.0", mochi, {"Mochi": 6.0}), Report("2.0", other, {})])
    assert "| Mochi | yes | – | – | – | – | – | 1.0: yes, 2.0: refused | 1.0, 2.0 |" in text
    assert "| Wan 2.1 | – | – | – | – | – | – | – | none |" in text
    assert "| 6k+1 frames, sides multiples of 16 | 6 |" in text
