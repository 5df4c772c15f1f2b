"""Latent masks compared."""
