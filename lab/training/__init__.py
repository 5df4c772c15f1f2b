"""The making of the embedded models: one script a model, seeded and resumable; ``python -m lab.training.all`` runs them all."""
