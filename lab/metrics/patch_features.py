"""The patch features of ``inversecrafter_core.evaluation``, their weights out of a package."""

from __future__ import annotations

from inversecrafter_core.evaluation import PatchFeatures, closeness
from lab.data.assets import asset

__all__ = ["PatchFeatures", "closeness", "load_patch_features"]


def load_patch_features() -> PatchFeatures | None:
    """The network, or None without its asset (``lab.data.assets.why_missing("focus_vit")`` says why)."""
    path = asset("focus_vit")
    return None if path is None else PatchFeatures(path.read_bytes())
