"""What guidance and a whole run cost."""
