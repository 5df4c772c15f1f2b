"""The video VAE."""
