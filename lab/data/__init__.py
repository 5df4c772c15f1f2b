"""Footage, photographs, rendered clips and training pairs, fetched or made; nothing of it is committed."""
