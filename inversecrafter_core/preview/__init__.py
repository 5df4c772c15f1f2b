"""Preview pictures of depth, camera paths, latent masks and guidance windows."""
