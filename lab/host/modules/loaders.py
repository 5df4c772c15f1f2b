"""The host's readers of model files. They import the host's whole stock of text encoders: some seconds, and memory."""

from comfy.nested_tensor import NestedTensor
from comfy.sd import VAE, load_diffusion_model
from comfy.utils import load_torch_file

__all__ = ["VAE", "NestedTensor", "load_diffusion_model", "load_torch_file"]
