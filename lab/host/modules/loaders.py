"""The host's reader of model files. It imports the host's whole stock of text encoders: some seconds, and memory."""

from comfy.sd import VAE
from comfy.utils import load_torch_file

__all__ = ["VAE", "load_torch_file"]
