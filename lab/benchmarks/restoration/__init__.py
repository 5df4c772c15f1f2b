"""Restoration: clips of known degradation, restored by the embedded models and by methods without a model."""
