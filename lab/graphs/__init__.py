"""The shipped workflows as data: nodes, widgets, links, groups and notes in YAML; and how files are composed of them."""
