"""How fast what runs in the page is."""
