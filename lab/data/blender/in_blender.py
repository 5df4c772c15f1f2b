"""Build and render the scenes of a JSON file; runs inside Blender: ``blender -b --python in_blender.py -- JOBS.json FOLDER``.

Of every frame a picture ``<seed>_<frame>.png`` as shown on a screen, and ``<seed>_<frame>.depth``: planar z in metres, float32
pixels from the lowest row up. Blender brings a Python of its own, without numpy where Debian made it, so nothing here needs it.
"""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bmesh
import bpy
from mathutils import Vector

Values = dict[str, Any]


def build(scene: Values) -> None:
    """Make the scene's solids, light and camera in an empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for solid in scene["solids"]:
        add_solid(solid)
    add_light(scene["light"])
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.angle, camera.data.clip_start, camera.data.clip_end = scene["lens"], 0.05, 1e4
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera


def add_solid(solid: Values) -> None:
    mesh, net = bpy.data.meshes.new("solid"), bmesh.new()
    MAKERS[solid["shape"]](net)
    net.to_mesh(mesh)
    net.free()
    if solid["shape"] in ROUND:
        mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    made = bpy.data.objects.new("solid", mesh)
    made.location, made.scale, made.rotation_euler = solid["place"], solid["size"], solid["turn"]
    if solid["shape"] == "rock":
        swell(made, solid["place"])
    mesh.materials.append(material_of(solid["material"]))
    bpy.context.scene.collection.objects.link(made)


def torus(net: Any, around: int = 24, across: int = 10, thick: float = 0.35) -> None:
    """Make a torus: bmesh has none of its own."""
    rings = []
    for i in range(around):
        a = 2 * math.pi * i / around
        ring = []
        for j in range(across):
            b = 2 * math.pi * j / across
            far = 1 - thick + thick * math.cos(b)
            ring.append(net.verts.new((far * math.cos(a), far * math.sin(a), thick * math.sin(b))))
        rings.append(ring)
    for i in range(around):
        for j in range(across):
            one, two = rings[i], rings[(i + 1) % around]
            net.faces.new((one[j], two[j], two[(j + 1) % across], one[(j + 1) % across]))


MAKERS: dict[str, Callable[[Any], object]] = {
    "box": lambda net: bmesh.ops.create_cube(net, size=2),
    "sphere": lambda net: bmesh.ops.create_uvsphere(net, u_segments=24, v_segments=16, radius=1),
    "cylinder": lambda net: bmesh.ops.create_cone(net, cap_ends=True, segments=20, radius1=1, radius2=1, depth=2),
    "cone": lambda net: bmesh.ops.create_cone(net, cap_ends=True, segments=20, radius1=1, radius2=0, depth=2),
    "monkey": lambda net: bmesh.ops.create_monkey(net),
    "rock": lambda net: bmesh.ops.create_icosphere(net, subdivisions=4, radius=1),
    "torus": torus,
}
ROUND = {"sphere", "monkey", "rock", "torus"}


def swell(made: Any, place: list[float]) -> None:
    """Make an even ball uneven, by a noise that its place decides."""
    texture = bpy.data.textures.new("rock", "CLOUDS")
    texture.noise_scale = 0.7
    change = made.modifiers.new("rock", "DISPLACE")
    change.texture, change.strength = texture, 0.7
    change.texture_coords = "GLOBAL" if sum(place) % 2 > 1 else "LOCAL"


def material_of(wanted: Values) -> Any:
    material = bpy.data.materials.new("material")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = nodes.get("Principled BSDF")
    shader.inputs["Roughness"].default_value = wanted["rough"]
    shader.inputs["Metallic"].default_value = wanted["metal"]
    first, second = ([*colour, 1] for colour in wanted["colours"])
    place = nodes.new("ShaderNodeTexCoord").outputs["Object" if wanted["pattern"] != "wave" else "Generated"]
    if "image" in wanted:
        node = nodes.new("ShaderNodeTexImage")
        node.image, node.projection = bpy.data.images.load(wanted["image"], check_existing=True), "BOX"
        links.new(nodes["Texture Coordinate"].outputs["Generated"], node.inputs["Vector"])
        links.new(node.outputs["Color"], shader.inputs["Base Color"])
    elif wanted["pattern"] in ("checker", "brick"):
        node = nodes.new("ShaderNodeTexChecker" if wanted["pattern"] == "checker" else "ShaderNodeTexBrick")
        node.inputs["Color1"].default_value, node.inputs["Color2"].default_value = first, second
        node.inputs["Scale"].default_value = wanted["scale"]
        links.new(place, node.inputs["Vector"])
        links.new(node.outputs["Color"], shader.inputs["Base Color"])
    elif wanted["pattern"] == "plain":
        shader.inputs["Base Color"].default_value = first
    else:
        node = nodes.new(
            {"noise": "ShaderNodeTexNoise", "wave": "ShaderNodeTexWave", "voronoi": "ShaderNodeTexVoronoi"}[wanted["pattern"]]
        )
        node.inputs["Scale"].default_value = wanted["scale"]
        ramp = nodes.new("ShaderNodeValToRGB")
        ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = first, second
        ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.3, 0.7
        links.new(place, node.inputs["Vector"])
        links.new(node.outputs["Distance" if wanted["pattern"] == "voronoi" else "Fac"], ramp.inputs["Fac"])
        links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
    return material


def add_light(light: Values) -> None:
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.energy, sun.rotation_euler = light["sun"]["strength"], (1.57 - light["sun"]["height"], 0, light["sun"]["around"])
    bpy.context.scene.collection.objects.link(sun)
    for x, y, z, watts in light["lamps"]:
        lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "POINT"))
        lamp.data.energy, lamp.data.shadow_soft_size, lamp.location = watts, 0.3, (x, y, z)
        bpy.context.scene.collection.objects.link(lamp)
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world, world.use_nodes = world, True
    # By default Blender spends two seconds a scene on finding where such a sky is bright.
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 128
    nodes, links = world.node_tree.nodes, world.node_tree.links
    behind = nodes["Background"]
    first, second = ([*colour, 1] for colour in light["sky"]["colours"])
    behind.inputs["Color"].default_value, behind.inputs["Strength"].default_value = second, 0.8
    if light["sky"]["pattern"] == "sky":
        sky = nodes.new("ShaderNodeTexSky")
        sky.sun_disc, sky.sun_elevation, behind.inputs["Strength"].default_value = False, light["sun"]["height"], 0.15
        links.new(sky.outputs["Color"], behind.inputs["Color"])
    elif light["sky"]["pattern"] == "gradient":
        clouds, ramp = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeValToRGB")
        clouds.inputs["Scale"].default_value = 3
        ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = second, first
        links.new(clouds.outputs["Fac"], ramp.inputs["Fac"])
        links.new(ramp.outputs["Color"], behind.inputs["Color"])


def settings(height: int, width: int, samples: int) -> None:
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.device = "CYCLES", "CPU"
    scene.cycles.samples, scene.cycles.max_bounces, scene.cycles.use_denoising = samples, 3, False
    scene.cycles.sample_clamp_direct, scene.cycles.sample_clamp_indirect = 6, 1.5
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = width, height, 100
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.use_persistent_data = True
    scene.view_settings.view_transform = "Filmic"
    scene.view_layers[0].use_pass_z = True
    scene.render.image_settings.file_format = "PNG"


def depth_file(folder: Path) -> None:
    """Have the depth of every picture written beside it, as it is."""
    scene = bpy.context.scene
    scene.use_nodes = True
    nodes = scene.node_tree.nodes
    nodes.clear()
    layers, file = nodes.new("CompositorNodeRLayers"), nodes.new("CompositorNodeOutputFile")
    shown = nodes.new("CompositorNodeComposite")
    file.base_path, file.format.file_format, file.format.color_depth = str(folder), "OPEN_EXR", "32"
    file.file_slots[0].path = "exr"
    scene.node_tree.links.new(layers.outputs["Depth"], file.inputs[0])
    scene.node_tree.links.new(layers.outputs["Image"], shown.inputs[0])


def write_depth(source: Path, target: Path) -> None:
    """Write the first channel of an EXR picture as plain float32."""
    image = bpy.data.images.load(str(source))
    image.colorspace_settings.name = "Non-Color"
    values = array("f", bytes(4 * len(image.pixels)))
    image.pixels.foreach_get(values)
    target.write_bytes(values[:: image.channels].tobytes())
    bpy.data.images.remove(image)
    source.unlink()


def render(scene: Values, size: tuple[int, int, int], folder: Path) -> None:
    """Write colour and depth of every pose; ``size`` is height, width and samples a pixel."""
    build(scene)
    settings(*size)
    depth_file(folder)
    camera = bpy.context.scene.camera
    for index, pose in enumerate(scene["poses"]):
        camera.location = pose["place"]
        camera.rotation_euler = (Vector(pose["look"]) - Vector(pose["place"])).to_track_quat("-Z", "Y").to_euler()
        bpy.context.scene.cycles.seed = index
        name = folder / f"{scene['seed']}_{index}"
        bpy.context.scene.render.filepath = str(name.with_suffix(".png"))
        bpy.ops.render.render(write_still=True)
        (written,) = folder.glob("exr*.exr")
        write_depth(written, name.with_suffix(".depth"))


def main(jobs: str, target: str) -> None:
    wanted = json.loads(Path(jobs).read_text(encoding="utf-8"))
    for scene in wanted["scenes"]:
        render(scene, (wanted["height"], wanted["width"], wanted["samples"]), Path(target))


main(*sys.argv[sys.argv.index("--") + 1 :])
