"""Camera path, clips and warp nodes."""
