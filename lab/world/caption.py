"""A scene in a few plain words: the language of the small embedded model."""

from __future__ import annotations

from .scene import Open, Room, Scene, Texture, Thing

_OPPOSITE = {"left": "right", "up": "down", "forward": "backward"}
_OPPOSITE |= {after: before for before, after in _OPPOSITE.items()}
_STILL_SPEED = 0.05


def _look(texture: Texture) -> str:
    if texture.pattern == "photographic":
        return texture.pattern
    if texture.pattern == "plain":
        return f"plain {texture.colour}"
    return f"{texture.pattern} {texture.colour} and {texture.second}"


def _moving(thing: Thing, mirrored: bool, reversed_time: bool) -> str:
    across, _, along = thing.velocity
    if max(abs(across), abs(along)) < _STILL_SPEED:
        return ""
    if abs(across) < abs(along):
        word = "forward" if along > 0 else "backward"
    else:
        word = "right" if across > 0 else "left"
        word = _OPPOSITE[word] if mirrored else word
    return " moving " + (_OPPOSITE[word] if reversed_time else word)


def camera_words(move: str, mirrored: bool = False, reversed_time: bool = False) -> str:
    """The camera's part of a caption. ``mirrored`` and ``reversed_time`` describe a flipped or backward clip of the scene."""
    if move == "still":
        return "the camera is still"
    *around, heading = move.split()
    if mirrored and heading in ("left", "right"):
        heading = _OPPOSITE[heading]
    return " ".join(["the camera moves", *around, _OPPOSITE[heading] if reversed_time else heading])


def _place(around: Room | Open) -> str:
    if isinstance(around, Open):
        article = "an" if around.sky[0] in "aeiou" else "a"
        return f"outdoors on a {_look(around.floor)} ground under {article} {around.sky} sky"
    return f"in a room with {_look(around.floor)} floor and {_look(around.walls)} walls"


def named_things(scene: Scene) -> list[Thing]:
    """Return the things a caption names, in its order: the two nearest to the camera."""
    return sorted(scene.things, key=lambda thing: thing.centre[2])[:2]


def caption(scene: Scene, mirrored: bool = False, reversed_time: bool = False) -> str:
    """Caption of a scene's own clip, e.g. "a plain red box, a ... panel moving left, in a room with ..., the camera is still".

    It names :func:`named_things` only, and a light that moves. Every word is in the prompt encoder's vocabulary.
    """
    parts = [f"a {_look(t.texture)} {t.shape}{_moving(t, mirrored, reversed_time)}" for t in named_things(scene)]
    parts.append(_place(scene.around))
    if scene.light.moves:
        parts.append("the light moves")
    return ", ".join([*parts, camera_words(scene.camera.move, mirrored, reversed_time)])
