"""InverseCrafter for ComfyUI: give a video a new camera with the video model you already have."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """Return the extension; imported here so that the package can be inspected without a host."""
    from .nodes import InverseCrafterExtension

    return InverseCrafterExtension()
