"""The cost of guidance and of a whole run."""
