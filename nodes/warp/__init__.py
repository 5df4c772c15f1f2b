"""The nodes of the menu's warp category: camera paths, clips and warps."""
