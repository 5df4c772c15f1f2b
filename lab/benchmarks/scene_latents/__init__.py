"""Scene latents and pose control, alone and under guidance."""
