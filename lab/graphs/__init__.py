"""The shipped workflows, written down as what they are: nodes, widgets, links, groups and notes."""
