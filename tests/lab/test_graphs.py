"""Workflows read from their written form."""

from __future__ import annotations

import pytest

from lab.graphs.compose import EXAMPLES, GRAPHS
from lab.graphs.read import filled, workflow_of
from lab.graphs.spec import BYPASSED, NORMAL


@pytest.mark.parametrize("name", [*GRAPHS, *EXAMPLES])
def test_every_link_comes_from_a_node_and_every_key_stands_once(name):
    nodes = workflow_of(name).nodes
    keys = [node.key for node in nodes]
    assert len(keys) == len(set(keys))
    assert {origin for node in nodes for origin, _ in node.links.values()} <= set(keys)


def test_a_value_that_nobody_named_leaves_its_widget_out_and_is_an_error_inside_a_text():
    assert filled({"steps": "$steps", "cfg": "$cfg", "title": "at $steps"}, {"steps": 8}) == {"steps": 8, "title": "at 8"}
    with pytest.raises(KeyError, match="cfg"):
        filled("at $cfg", {"steps": 8})


def test_an_optional_column_is_bypassed():
    columns = {column.title: column for column in workflow_of("interpolation").columns}
    assert {node.mode for node in columns["Image tokens (I2V, Fun-InP)"].nodes} == {BYPASSED}
    assert {node.mode for node in columns["3 · both ends warped"].nodes} == {NORMAL}


def test_a_workflow_like_another_has_its_nodes_and_more():
    added = {node.key for node in workflow_of("examples/masks_and_solvers").nodes} - {
        node.key for node in workflow_of("recapture").nodes
    }
    assert added == {"mask_encoder", "settings"}


def test_a_workflow_like_another_may_take_some_of_its_columns_by_title():
    exact, stock = (workflow_of(name) for name in ("examples/two_experts_exact", "two_experts"))
    assert exact.columns[:7] == stock.columns[:7]
    assert {node.type for node in exact.nodes} - {node.type for node in stock.nodes} >= {"InverseCrafterSampler", "SplitSigmas"}
