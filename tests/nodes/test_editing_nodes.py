"""The editing nodes: what they decide themselves, box or mask, lost or not, known pixels kept or not."""

from __future__ import annotations

import json

import pytest
import torch
from guidance_kit import Kit
from moving_square import HEIGHT, SIDE, WIDTH, overlap, recoloured, square_clip

BOX = {"x": 10, "y": 14, "width": SIDE + 4, "height": SIDE + 4}
TRACKING = BOX | {"snap_to_edges": True, "shape": "outline", "grow": 0, "if_lost": "stop"}


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


def follow(kit, clip, **inputs):
    return kit.run("InverseCrafterTrackMask", video=clip, **(TRACKING | inputs))


def test_the_three_ways_to_name_a_region_find_the_same_thing(kit):
    clip, inside = square_clip()
    edited = recoloured(clip, inside)[:1]
    difference = kit.run("InverseCrafterEditDifference", original=clip, edited=edited, threshold=0.06, grow=0)
    by_edit, preview, _ = follow(kit, clip, holes=difference)
    by_box, _, report = follow(kit, clip)
    by_masks, _, taken = follow(kit, clip, holes=inside.float())
    for masks in (by_edit, by_box, by_masks):
        assert masks.shape == inside.shape and overlap(masks > 0.5, inside) > 0.85
    assert torch.equal(by_masks > 0.5, inside) and "9 masks, used without tracking" in taken
    assert "Hardest to follow" in report
    assert preview.shape == clip.shape and not torch.equal(preview[5], clip[5])
    assert torch.equal(preview[~(by_edit > 0.5)], clip[~(by_edit > 0.5)])


def test_a_box_shape_is_the_rectangle_around_the_outline(kit):
    clip, inside = square_clip()
    masks, _, _ = follow(kit, clip, holes=inside.float(), shape="box", grow=3)
    assert masks.flatten(1).sum(1).tolist() == [(SIDE + 6) ** 2] * 9


def test_a_lost_track_stops_with_its_frame_or_goes_on_without_a_mask(kit):
    clip, _ = square_clip()
    clip[5:] = torch.rand(clip[5:].shape, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="region: lost at frame 5"):
        follow(kit, clip)
    masks, _, report = follow(kit, clip, if_lost="leave_empty")
    assert bool(masks[4].any()) and not bool(masks[5:].any()) and "Lost at frame 5" in report


def test_the_mask_of_a_picture_without_alpha_is_told_from_a_mask(kit):
    with pytest.raises(ValueError, match=r"holes: size 64x64, but video has 96x64.*no alpha"):
        follow(kit, square_clip()[0], holes=torch.zeros(1, 64, 64))


def test_a_carried_edit_fits_encode_measurement(kit):
    frames = 9
    clip, inside = square_clip(frames)
    video, holes, report = kit.run(
        "InverseCrafterPropagateEdit",
        video=clip,
        edited=recoloured(clip, inside)[:1],
        holes=inside.float(),
        guess=0.5,
        margin=4,
        follow_light=True,
    )
    assert video.shape == clip.shape and float(holes[0].max()) == 0 and 0 < float(holes[5].max()) <= 1
    assert "is propagated from the first frame" in report
    measurement, *_ = kit.run(
        "InverseCrafterEncodeMeasurement", vae=kit.vae(), video=video, holes=holes, mask="area", start_image=video
    )
    assert bool((measurement.h[:, :, 0] == 1).all()) and float(measurement.h[:, :, 1:].min()) < 1


def test_drift_is_of_the_decoded_clip_and_reaches_the_history(kit, pack):
    source, inside = square_clip()
    given = {"video": source * 0.95, "source": source, "holes": inside.float(), "vae": kit.vae()}
    with torch.inference_mode():
        output = pack.node("InverseCrafterDriftReport").execute(**given)
    report, figures = output.args
    assert output.ui == {"text": [report], "json": [figures]}
    found = json.loads(figures)
    assert all(value < 0 for value in found["shift"]) and found["past_vae_psnr_db"] is not None


def test_known_pixels_are_the_sources_and_holes_the_decoded_clips(kit):
    source, inside = square_clip()
    decoded = (source * 0.95).clone()
    video = kit.run("InverseCrafterKeepKnownPixels", video=decoded, source=source, holes=inside.float(), seam=0)
    assert torch.equal(video[~inside], source[~inside]) and torch.equal(video[inside], decoded[inside])


@pytest.mark.parametrize(
    ("node", "inputs", "says"),
    [
        ("EditDifference", {"edited": torch.rand(2, HEIGHT, WIDTH, 3)}, "edited: 2 images"),
        ("EditDifference", {"edited": torch.rand(1, HEIGHT, WIDTH, 4)}, "alpha"),
        ("EditDifference", {"edited": torch.rand(1, WIDTH, HEIGHT, 3)}, "edited: size 64x96, but original has 96x64"),
        ("DriftReport", {"source": torch.rand(5, HEIGHT, WIDTH, 3)}, "different frame counts"),
        ("DriftReport", {"holes": torch.zeros(9, 8, 8)}, "holes: size 8x8"),
    ],
)
def test_bad_input_is_named(kit, node, inputs, says):
    clip, inside = square_clip()
    given = {
        "EditDifference": {"original": clip, "edited": clip[:1], "threshold": 0.06, "grow": 0},
        "DriftReport": {"video": clip, "source": clip, "holes": inside.float()},
    }[node]
    with pytest.raises(ValueError, match=says):
        kit.run(f"InverseCrafter{node}", **(given | inputs))


def test_a_word_that_the_small_model_does_not_know_is_named(kit):
    _, report = kit.run("InverseCrafterTextEncode", prompt="a plain red dragon")
    assert "dragon" in report and "without effect" in report
