"""The parts of the notes that workflows share: the files of the real Wan, and what may be done with a finished graph."""

from __future__ import annotations

PREVIEW = """\
**See the warp before you sample:** select **Warp Video** and press the play button above it. Only what it needs is run.
"""

LENGTHS = "*Frames* must be 4k+1 (17, 33, 49, 81), *width* and *height* multiples of 16."

SMALL = (
    "**Run.** It works at once on the small models inside this pack. They show the method on small pictures; they are not Wan."
)

KEPT = """\
**Keep Known Pixels** puts back what the camera saw of the clip and leaves the holes to the model: the small VAE blurs. With the
real Wan bypass it (Ctrl+B) and compare: what the VAE gives has no seams.
"""

HUGGING_FACE = "https://huggingface.co"
REPACKAGED = f"{HUGGING_FACE}/Comfy-Org/Wan_2.1_ComfyUI_repackaged/tree/main/split_files"
FUN = f"{HUGGING_FACE}/alibaba-pai/Wan2.1-Fun-V1.1-1.3B-InP/tree/main"

REAL_WAN = f"""\
### The real Wan 2.1: change two widgets

| node | file | folder |
|---|---|---|
| **Load Diffusion Model** | [wan2.1_t2v_1.3B_fp16.safetensors]({REPACKAGED}/diffusion_models), or a Fun-InP checkpoint: [Wan2.1-Fun-V1.1-1.3B-InP]({FUN}) | `models/diffusion_models` |
| **Load VAE** | [wan_2.1_vae.safetensors]({REPACKAGED}/vae) | `models/vae` |

For prompts also put [umt5_xxl_fp8_e4m3fn_scaled.safetensors]({REPACKAGED}/text_encoders) into `models/text_encoders`, choose it in
**Load CLIP (real Wan only)** and un-bypass that node (Ctrl+B): the prompt boxes then use it.
Then set 832 x 480, 81 frames, shift 8, 30 to 50 steps, cfg 6.

Image-to-video checkpoints of Wan 2.1 and Fun-InP also attend to their first frame: put
[clip_vision_h.safetensors]({REPACKAGED}/clip_vision) into `models/clip_vision`, choose it in **Load CLIP Vision** and un-bypass the
three nodes of the group **Image tokens (I2V, Fun-InP)**. Without it the run stops and says so.
"""
