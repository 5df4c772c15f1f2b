"""Which latent mask to trust."""
