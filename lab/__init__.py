"""How we know, and how the models were made: none of it ships."""
