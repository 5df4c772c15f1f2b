"""Views of a game's levels with exact depth: scenes of a maker that no model here has learnt from."""
