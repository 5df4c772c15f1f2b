"""Speed of what runs in the page."""
