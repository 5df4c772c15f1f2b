"""What a scene looks like, in a few plain words: the language of the small embedded model."""

from __future__ import annotations

from .scene import CAMERA_MOVES, COLOURS, PATTERNS, SHAPES, Scene, Texture, Thing

_OPPOSITE = {"left": "right", "up": "down", "forward": "backward"}
_OPPOSITE |= {after: before for before, after in _OPPOSITE.items()}
_STILL_SPEED = 0.05
_FRAME = ("a", "and", "in", "room", "with", "floor", "walls", "moving", "the", "camera", "is", "moves")
VOCABULARY = frozenset((*COLOURS, *PATTERNS, *SHAPES, *CAMERA_MOVES, *_FRAME))


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
    if mirrored and move in ("left", "right"):
        move = _OPPOSITE[move]
    return f"the camera moves {_OPPOSITE[move] if reversed_time else move}"


def caption(scene: Scene, mirrored: bool = False, reversed_time: bool = False) -> str:
    """Caption of a scene's own clip, e.g. "a plain red box and a sphere ... in a room with ... walls, the camera moves left".

    Only the two things nearest to the camera are named. Every word is in :data:`VOCABULARY`.
    """
    nearest = sorted(scene.things, key=lambda thing: thing.centre[2])[:2]
    named = [f"a {_look(t.texture)} {t.shape}{_moving(t, mirrored, reversed_time)}" for t in nearest]
    room = f"in a room with {_look(scene.floor)} floor and {_look(scene.walls)} walls"
    return f"{', '.join(named)}, {room}, {camera_words(scene.camera.move, mirrored, reversed_time)}"
