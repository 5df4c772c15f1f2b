"""Pictures of the editor on Plan Camera Path, in the real page: the scene from outside, and through the new camera."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from lab.host.page import open_page
from lab.host.server import Host

from .graph_pictures import OPEN, ROOT, widgets_of
from .runs import Options

NODE = "app.graph.nodes.find((node) => node.type === 'InverseCrafterCameraPath')"
SHOW = f"""() => {{
    const node = {NODE}, {{ ds }} = app.canvas;
    node.setSize([430, node.size[1]]);
    ds.scale = 1;
    ds.offset = [200 - node.pos[0], 150 - node.pos[1]];
    app.graph.setDirtyCanvas(true, true);
}}"""
SHAPE = f"""() => {{
    const {{ model }} = {NODE}.inverseCrafter;
    model.changeKey(model.frames - 1, (key) => ({{ ...key, position: [0.42, -0.12, 0.05] }}));
    model.changeKey(Math.round((model.frames - 1) / 2), (key) => ({{ ...key, position: [0.2, 0.04, 0], ease: "smooth" }}));
    model.select(model.frames - 1);
}}"""
DRAWN = f"() => {{ const {{ shared }} = {NODE}.inverseCrafter; return Boolean(shared.current && shared.estimate.done); }}"
SETTLE_MS = 1500


def draw(host: Host, options: Options) -> dict[str, np.ndarray]:
    """Return two pictures ``[H, W, 3]`` uint8 under their labels, after the scene of recapture's clip was read."""
    drawn = {}
    with open_page(host.url, 1600, 1400) as page:
        text = (ROOT / "workflows" / "recapture.json").read_text(encoding="utf-8")
        chosen = widgets_of("recapture", host, options)
        page.evaluate(OPEN, [text, [[*key, value] for key, value in chosen.items()]])
        page.evaluate(SHOW)
        page.wait_for_timeout(SETTLE_MS)
        page.locator(".ic-editor").focus()
        page.keyboard.press("r")
        page.wait_for_function(DRAWN, timeout=300_000)
        page.evaluate(SHAPE)
        for label in ("the scene, a keyframe selected", "through the new camera; magenta: holes"):
            page.wait_for_function(DRAWN)
            page.wait_for_timeout(SETTLE_MS)
            taken = Image.open(io.BytesIO(page.locator(".ic-editor").screenshot()))
            drawn[label] = np.asarray(taken.convert("RGB"))
            page.keyboard.press("v")
    return drawn
