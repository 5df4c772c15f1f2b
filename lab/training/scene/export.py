"""Write the shipped file of the scene network from the averaged weights of its run: ``python -m lab.training.scene.export``.

``--to FILE`` is for a look at a run in progress: the file goes there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from inversecrafter_core.scene import SceneNetwork, save_scene_network
from lab.models.shipped import SCENE_FILE
from lab.training.records import draw_curve, load_checkpoint, notes_of

from .pool import POOL, RUN

RECIPE = "python -m lab.training.scene.pool; python -m lab.training.scene.train; python -m lab.training.scene.export"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=SCENE_FILE, help="the file, in place of the shipped one")
    options = parser.parse_args()
    state, network = load_checkpoint(RUN / "last.pt"), SceneNetwork()
    network.load_state_dict(state["average"])
    options.to.parent.mkdir(parents=True, exist_ok=True)
    clips = len(list(POOL.glob("*.npz")))
    save_scene_network(options.to, network, **notes_of(state, RECIPE, f"{clips} rendered clips"))
    options.to.chmod(0o644)
    draw_curve(RUN / "curve.csv", "within")


if __name__ == "__main__":
    main()
