"""What the tests of measurements share: a clip, its holes, a path, a mask encoder file, the node with its defaults."""

from __future__ import annotations

from types import SimpleNamespace

import torch

FRAMES, HEIGHT, WIDTH = 9, 32, 48


def clip(seed=0, frames=FRAMES, height=HEIGHT, width=WIDTH):
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(seed))


def half_holes(frames=FRAMES, height=HEIGHT, width=WIDTH):
    holes = torch.zeros(frames, height, width)
    holes[:, :, width // 2 :] = 1
    return holes


def encode(kit, **inputs):
    return reported(kit, **inputs)[:2]


def reported(kit, **inputs):
    given = {"vae": kit.vae(), "video": clip(), "holes": half_holes()}
    return kit.run("InverseCrafterEncodeMeasurement", **(given | inputs))


def path(kit, name="arc_left", frames=FRAMES, **options):
    return kit.pack.core("camera").preset_path(name, frames, **options)


def encoder_file(kit, path, width=8, reads="mask", drop=None, **changes):
    from lab.models.families.build import initialise

    model = initialise(kit.pack.submodule("nodes.host.compat").wan_encoder(width, 32), seed=3)
    state = {key: value for key, value in model.state_dict().items() if key != drop} | changes
    kit.pack.core("masks").save_mask_encoder(path, state, latent_channels=16, reads=reads)
    return path


def rgba():
    return torch.rand(FRAMES, HEIGHT, WIDTH, 4)


def poisoned():
    bad = clip()
    bad[2, 3, 4, 1] = float("nan")
    return bad


BAD = {
    "18 frames": ({"video": clip(frames=18), "holes": half_holes(18)}, r"video: 18 frames.*trim to 17 or extend to 21"),
    "size": ({"video": clip(width=40), "holes": half_holes(width=40)}, r"video: size 40x32.*multiples of 16.*32x32"),
    "alpha": ({"video": rgba()}, "video: 4 channels"),
    "NaN": ({"video": poisoned()}, "video: 1 of 41472 values are NaN"),
    "all holes": ({"holes": torch.ones(FRAMES, HEIGHT, WIDTH)}, "every pixel of every frame is a hole"),
    "hole count": ({"holes": half_holes(5)}, "video has 9, holes has 5"),
    "hole size": ({"holes": half_holes(width=64)}, "holes: size 64x32, but video has 48x32"),
    "hole range": ({"holes": half_holes() * 255}, "holes: values from 0 to 255"),
    "hole NaN": ({"holes": half_holes() * float("nan")}, "holes: .* NaN"),
    "source count": ({"source": clip(frames=5)}, "video has 9, source has 5"),
    "source size": ({"source": clip(width=64)}, "source: size 64x32, but video has 48x32"),
    "no source": ({"mask": "known_source"}, "source: nothing connected"),
    "no encoder": ({"mask": "learned"}, "mask_encoder: nothing connected"),
    "not a Wan VAE": (
        {"vae": SimpleNamespace(first_stage_model=torch.nn.Linear(1, 1), latent_channels=4)},
        "vae: a Linear with 4",
    ),
}
