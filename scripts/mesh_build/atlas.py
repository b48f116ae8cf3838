"""The mean bones of the LLP26 atlas, from its element meshes, set in the body frame."""

from pathlib import Path

HIP_DENSITY, SACRUM_DENSITY, FEMUR_DENSITY = 11, 8, 9
"""Points along each element edge, so that outlines look smooth close up within the frame budget."""

AREA_FACTOR, SMALL_AREA_FACTOR = 1.45, 2.5
"""Areas are painted on bones this much denser, for a smooth border; small ones on the densest."""

THIGH_END_MM = -256.0
"""Level at which the thigh bones are cut: a little above the end of the skin (design)."""

REFERENCE_NODES = {
    "left-asis": 1004,
    "right-asis": 466,
    "left-psis": 924,
    "right-psis": 384,
    "left-pubic-tubercle": 643,
    "right-pubic-tubercle": 102,
    "left-ischial-spine": 773,
    "right-ischial-spine": 233,
    "left-ischial-tuberosity": 566,
    "right-ischial-tuberosity": 25,
}
"""Landmark nodes that the atlas' authors set (gias3.musculoskeletal, fw_pelvis_model_data.py)."""


def atlas_field(name, ensemble):  # type: ignore[no-untyped-def]
    """Load one geometric field of the atlas. Returns the field with (3, nodes, 1) parameters."""
    import numpy
    import scipy

    # The atlas' own reader still calls NumPy through SciPy's old aliases.
    for alias in ("dot", "array", "zeros", "hstack", "vstack", "arange", "where"):
        if not hasattr(scipy, alias):
            setattr(scipy, alias, getattr(numpy, alias))
    from gias3.fieldwork.field import geometric_field
    from musculoskeletal.models import get_model_path

    folder = Path(str(get_model_path(f"atlas_meshes/{ensemble}.ens"))).parent
    return geometric_field.load_geometric_field(
        str(folder / f"{name}.geof"),
        str(folder / f"{ensemble}.ens"),
        str(folder / f"{ensemble}.mesh"),
    )


def node_map(field, density):  # type: ignore[no-untyped-def]
    """Sparse (vertices, nodes) map and (m, 3) faces of a field at a density: ``V = map @ nodes``.

    The map is what lets a shape mode, given on the nodes, move every vertex of this pack.
    Vertices shared by elements are merged; faces point outwards.
    """
    import numpy as np
    from scipy.sparse import csr_array, lil_array

    field.flatten_ensemble_field_function()
    function = field.ensemble_field_function
    nodes = field.get_number_of_points()
    blocks, basis = [], {}
    for number in np.sort(list(function.mesh.elements)):
        element = function.mesh.elements[number]
        if element.type not in basis:
            grid = element.generate_eval_grid([density, density])
            basis[element.type] = function.basis[element.type].eval(grid.T).T
        mapping = function.mapper._element_to_ensemble_map[number]
        order = function.mapper._custom_ensemble_order if function.mapper.has_custom_map else None
        local = lil_array((len(mapping), nodes))
        for point, (globals_, weights) in mapping.items():
            for node, weight in zip(globals_, weights, strict=True):
                local[point, order[node] if order else node] += float(np.squeeze(weight))
        weights_here = basis[element.type]
        if weights_here.shape[1] != len(mapping):
            weights_here = weights_here.T
        blocks.append(csr_array(weights_here @ local.toarray()))
    from scipy.sparse import vstack

    full = csr_array(vstack(blocks))
    raw_faces = np.asarray(field.triangulator._triangulate([density, density]))[:, ::-1]
    positions = full @ field.field_parameters[:, :, 0].T
    keys = np.round(positions, 4)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.ravel()
    faces = inverse[raw_faces]
    proper = (
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    )
    return full[first], faces[proper].astype(np.int32)


def from_left_to_right(surface):  # type: ignore[no-untyped-def]
    """The closed pieces of a surface as face masks, largest x-mean first."""
    import numpy as np

    from siexplorer.geometry.surface import pieces

    of_face = pieces(surface)
    masks = [of_face == k for k in np.unique(of_face)]
    return sorted(masks, key=lambda m: -surface.vertices[surface.faces[m]][..., 0].mean())


def mean_bones(pelvis, femur, factor):  # type: ignore[no-untyped-def]
    """Left hip, right hip, sacrum and left femur at ``factor`` times the densities, atlas frame."""
    from siexplorer.geometry.surface import Surface, compacted, outwards

    nodes = pelvis.field_parameters[:, :, 0].T
    found = []
    for density in (HIP_DENSITY, SACRUM_DENSITY):
        weights, faces = node_map(pelvis, round(density * factor))
        whole = Surface(weights @ nodes, faces)
        left, sacrum, right = [
            outwards(compacted(whole, mask)) for mask in from_left_to_right(whole)
        ]
        found.append((left, right, sacrum))
    weights, faces = node_map(femur, round(FEMUR_DENSITY * factor))
    thigh = outwards(Surface(weights @ femur.field_parameters[:, :, 0].T, faces))
    return found[0][0], found[0][1], found[1][2], thigh


def assemble(pelvis, femur, factor, to_body):  # type: ignore[no-untyped-def]
    """All bones in the body frame. ``to_body`` None finds the frame; it is returned beside them."""
    import numpy as np

    from siexplorer.geometry.coccyx import modelled_coccyx
    from siexplorer.geometry.filters import cut_closed
    from siexplorer.geometry.frame import body_frame
    from siexplorer.geometry.landmarks import MIRROR, Bones, acetabulum, femoral_head

    left, right, sacrum, thigh = mean_bones(pelvis, femur, factor)
    if to_body is None:
        to_body = body_frame(left, right)
    left, right, sacrum, thigh = (s.moved(to_body) for s in (left, right, sacrum, thigh))
    head, _ = femoral_head(thigh)
    femora = []
    for hip in (left, right.moved(MIRROR)):
        place = np.eye(4)
        place[:3, 3] = acetabulum(hip)[0] - head
        end = np.array([0.0, 0.0, THIGH_END_MM])
        femora.append(cut_closed(thigh.moved(place), end, np.array([0.0, 0.0, 1.0])))
    lowest = sacrum.vertices[np.argmin(sacrum.vertices[:, 2])]
    coccyx = modelled_coccyx(sacrum, lowest)
    bones = Bones(left, right, sacrum, coccyx, femora[0], femora[1].moved(MIRROR))
    return bones, to_body
