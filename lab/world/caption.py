"""A scene in a few plain words: the language of the small embedded model."""

from __future__ import annotations

from .scene import Open, Room, Scene, Texture, Thing

_STILL_SPEED = 0.05


def _look(texture: Texture) -> str:
    if texture.pattern == "photographic":
        return texture.pattern
    if texture.pattern == "plain":
        return f"plain {texture.colour}"
    return f"{texture.pattern} {texture.colour} and {texture.second}"


def _moving(thing: Thing) -> str:
    across, _, along = thing.velocity
    if max(abs(across), abs(along)) < _STILL_SPEED:
        return ""
    if abs(across) < abs(along):
        return " moving forward" if along > 0 else " moving backward"
    return " moving right" if across > 0 else " moving left"


def _place(around: Room | Open) -> str:
    if isinstance(around, Open):
        article = "an" if around.sky[0] in "aeiou" else "a"
        return f"outdoors on a {_look(around.floor)} ground under {article} {around.sky} sky"
    return f"in a room with {_look(around.floor)} floor and {_look(around.walls)} walls"


def named_things(scene: Scene) -> list[Thing]:
    """Return the things a caption names, in its order: the two nearest to the camera."""
    return sorted(scene.things, key=lambda thing: thing.centre[2])[:2]


def caption(scene: Scene) -> str:
    """Caption of a scene's own clip, e.g. "a plain red box, a ... panel moving left, in a room with ..., the camera is still".

    It names :func:`named_things` only, and a light that moves. Every word is in the prompt encoder's vocabulary.
    """
    parts = [f"a {_look(t.texture)} {t.shape}{_moving(t)}" for t in named_things(scene)]
    parts.append(_place(scene.around))
    if scene.light.moves:
        parts.append("the light moves")
    move = scene.camera.move
    return ", ".join([*parts, "the camera is still" if move == "still" else f"the camera moves {move}"])
