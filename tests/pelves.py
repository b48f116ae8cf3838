"""Pelves made up for tests: sampled from the shape model, then treated as scans are."""

from copy import copy
from dataclasses import dataclass

import msgspec
import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial.transform import Rotation

from siexplorer.geometry.filters import contour_grid, from_polydata, to_polydata
from siexplorer.geometry.motion import SIDES
from siexplorer.geometry.shape import PELVIS, ShapeModel
from siexplorer.geometry.surface import Surface, face_normals, vertex_normals
from siexplorer.packs.pack import Pack, PackSurface, read_shape

UNITS = {"m": 0.001, "cm": 0.1, "mm": 1.0}


@dataclass(frozen=True)
class MadeUp:
    """A made-up scan, and the truth about it. ``to_scan`` takes the mean's frame, mm, to it."""

    parts: list[tuple[str, Surface]]
    landmarks: dict[str, np.ndarray]
    weights: np.ndarray
    to_scan: np.ndarray
    unit: str
    merged: bool
    triangles: int


def joined(surfaces):
    """Several surfaces as one."""
    first = np.cumsum([0, *(len(s.vertices) for s in surfaces)])
    return Surface(
        np.concatenate([s.vertices for s in surfaces]),
        np.concatenate([s.faces + n for s, n in zip(surfaces, first, strict=False)]).astype(
            np.int32
        ),
    )


def without_higher_modes(model, count):
    """The model with its first ``count`` modes alone: what it was made of is strange to it then."""
    some = copy(model)
    some.__dict__.pop("_flat", None)
    some.modes = np.ascontiguousarray(model.modes[..., :count])
    some.variance_shares = model.variance_shares[:count]
    return some


def voxels(surface, low, shape, spacing):
    """Which places of a grid lie in a closed surface."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkImagingStencil import vtkImageStencilToImage, vtkPolyDataToImageStencil

    stencil = vtkPolyDataToImageStencil()
    stencil.SetInputData(to_polydata(surface))
    stencil.SetOutputOrigin(*low)
    stencil.SetOutputSpacing(spacing, spacing, spacing)
    stencil.SetOutputWholeExtent(*(n for size in shape for n in (0, size - 1)))
    image = vtkImageStencilToImage()
    image.SetInputConnection(stencil.GetOutputPort())
    image.SetInsideValue(1)
    image.SetOutsideValue(0)
    image.SetOutputScalarTypeToUnsignedChar()
    image.Update()
    values = vtk_to_numpy(image.GetOutput().GetPointData().GetScalars())
    return values.reshape(shape[::-1]).transpose(2, 1, 0).astype(bool)


def fused(surfaces, spacing=2.0, bridge_mm=3.0):
    """Bones as a coarse segmentation gives them: gaps up to twice ``bridge_mm`` are closed, so that
    they are one surface.
    """
    points = np.concatenate([s.vertices for s in surfaces])
    margin = 4 * spacing + bridge_mm
    low = points.min(axis=0) - margin
    shape = tuple(int(n) for n in np.ceil((points.max(axis=0) + margin - low) / spacing))
    bone = np.any([voxels(s, low, shape, spacing) for s in surfaces], axis=0)
    wide = distance_transform_edt(~bone) * spacing < bridge_mm
    bone = distance_transform_edt(wide) * spacing > bridge_mm
    return contour_grid(gaussian_filter(0.5 - bone.astype(np.float32), 0.8), low, spacing)


def kept(surface, keep):
    """The faces whose middles (m, 3) ``keep`` says to keep."""
    return Surface(
        surface.vertices, surface.faces[keep(surface.vertices[surface.faces].mean(axis=1))]
    )


def remeshed(surface, triangles):
    """The surface with about this many triangles: each cut in four until there are enough, then
    thinned, so that its vertices are no longer the model's.
    """
    from vtkmodules.vtkFiltersCore import vtkQuadricDecimation
    from vtkmodules.vtkFiltersModeling import vtkLinearSubdivisionFilter

    data = to_polydata(surface)
    while data.GetNumberOfPolys() < 1.05 * triangles:
        finer = vtkLinearSubdivisionFilter()
        finer.SetInputData(data)
        finer.SetNumberOfSubdivisions(1)
        finer.Update()
        data = finer.GetOutput()
    thin = vtkQuadricDecimation()
    thin.SetInputData(data)
    thin.SetTargetReduction(1 - triangles / data.GetNumberOfPolys())
    thin.Update()
    return from_polydata(thin.GetOutput())


def made_up(
    model: ShapeModel, seed: int, *, triangles=None, noise_mm=1.0, bones=PELVIS, merged=None,
    unit=None,
):  # fmt: skip
    """A pelvis drawn by chance; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=model.count)
    while (np.abs(weights) > 2).any():
        weights = np.where(np.abs(weights) > 2, rng.normal(size=model.count), weights)
    triangles = triangles or int(np.exp(rng.uniform(np.log(5e3), np.log(2e5))))
    merged = bool(seed % 2) if merged is None else merged
    unit = unit or str(rng.choice(list(UNITS)))
    vertices = model.vertices(weights)
    to_scan = np.eye(4)
    to_scan[:3, :3] = UNITS[unit] * Rotation.random(random_state=rng).as_matrix()
    to_scan[:3, 3] = UNITS[unit] * rng.uniform(-800, 800, 3)
    surfaces = [model.surface(name, vertices) for name in bones]
    area = np.array([np.linalg.norm(face_normals(s), axis=1).sum() for s in surfaces])
    parts = []
    flip = rng.random() < 0.5
    for surface, share in zip(surfaces, area / area.sum(), strict=True):
        one = remeshed(surface, max(400, int(triangles * share)))
        noisy = one.vertices + rng.normal(scale=noise_mm, size=one.vertices.shape)
        faces = one.faces[:, ::-1] if flip else one.faces
        moved = noisy @ to_scan[:3, :3].T + to_scan[:3, 3]
        parts.append(Surface(moved, faces.copy()))
    order = rng.permutation(len(parts))
    parts = [parts[k] for k in order]
    if merged:
        parts = [joined(parts)]
    named = [(f"part{k}", part) for k, part in enumerate(parts)]
    return MadeUp(
        named, model.points(vertices), weights, to_scan, unit, merged,
        sum(len(p.faces) for p in parts),
    )  # fmt: skip


def real_parts(folder, pack):
    """The bones of one of the open packs, in the file's own coordinates."""
    from siexplorer.geometry.identify import Part
    from siexplorer.packs.meshfiles import read_glb, read_obj

    if pack != "bodyparts3d":
        file = next((folder / pack).glob("3d-vh-*-pelvis.glb"))
        return [Part(mesh.name, mesh.surface) for mesh in read_glb(file)]
    bones = {
        "right hip bone": "FJ3152",
        "left hip bone": "FJ3288",
        "sacrum and coccyx": "FJ3393",
        "fifth lumbar vertebra": "FJ3168",
        "fourth lumbar vertebra": "FJ3165",
        "left femur": "FJ3259",
        "right femur": "FJ3365",
    }
    return [
        Part(name, mesh.surface)
        for name, file in bones.items()
        for mesh in read_obj(folder / pack / f"{file}.obj")
    ]


def sampled_pack(pack, weights, name="another"):
    """The bones and landmarks of the shape model's pelvis of these weights, as a pack."""
    sample = read_shape().sample(np.asarray(weights, dtype=float))
    surfaces = {
        bone: PackSurface(
            msgspec.structs.replace(pack.surfaces[bone].info, provenance="scanned"),
            surface,
            vertex_normals(surface).astype(np.float32),
        )
        for bone, surface in sample.surfaces.items()
    }
    info = msgspec.structs.replace(
        pack.info, id=name, title="Another pelvis", attribution="Nobody.", licence="CC0-1.0"
    )
    centres = {f"{side}-hip-joint": sample.landmarks[f"{side}-hip-centre"][0] for side in SIDES}
    landmarks = {n: p for n, p in sample.landmarks.items() if not n.endswith("hip-centre")}
    return Pack(info, surfaces, landmarks, centres, {})
