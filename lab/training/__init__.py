"""How the embedded models were made: one script a model, seeded and resumable; ``python -m lab.training.all`` runs them all."""
