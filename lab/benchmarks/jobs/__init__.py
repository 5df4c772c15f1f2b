"""Single image, interpolation, editing and conditioning on scenes whose every view is rendered."""
