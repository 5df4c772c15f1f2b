"""The core of InverseCrafter: geometry, latent masks and solvers, independent of the host.

Conventions of the whole package:

* camera frame: OpenCV (x right, y down, z forward); ``camera_to_world`` is 4x4; world = source frame 0
* intrinsics: 3x3 in pixels of the image they travel with; the centre of the first pixel is at (0.5, 0.5)
* depth: planar z in scene units, ``[F, H, W]``, with a mask ``valid [F, H, W]``
* video: ``[F, H, W, 3]`` float32 in 0...1
* masks: ``visible`` (1 = known) inside the core, ``holes`` (1 = to be generated) at the sockets
* latents: ``[B, C, T', H', W']``; a latent mask ``h`` has the same shape, in 0...1, 1 = known
* angles in radians, translations in multiples of the pivot depth
"""
