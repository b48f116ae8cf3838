"""A ball, roller or hand that rests on a skin: where its middle is, and what it presses on."""

import numpy as np

from siexplorer.geometry.rays import Searched, shares_in_face
from siexplorer.geometry.surface import Floats, Ints, Surface

RINGS, SPOKES = 3, 20
"""How finely a contact patch is laid on the skin (design)."""


def sink_mm(radius_mm: float, contact_radius_mm: float) -> float:
    """How deep a stiff ball sinks in when the circle it presses with has a radius.

    The cap of a sphere: ``R - sqrt(R^2 - a^2)``.

    Raises
    ------
    ValueError
        If the circle would be larger than the ball.
    """
    if not 0.0 < contact_radius_mm <= radius_mm:
        raise ValueError(
            f"a contact of {contact_radius_mm:g} mm does not fit a ball of {radius_mm:g} mm radius"
        )
    return float(radius_mm - np.sqrt(radius_mm**2 - contact_radius_mm**2))


def facing(skin: Searched, normals: Floats, point: Floats) -> tuple[Floats, int, Floats]:
    """The nearest place (3,) on a skin to a point, its face, and the unit normal (3,) there, from
    the vertices' normals (n, 3).
    """
    place, face = skin.nearest(point)
    corners, shares = shares_in_face(skin.surface, face, place)
    normal = normals[corners].T @ shares
    return place, face, np.asarray(normal / max(float(np.linalg.norm(normal)), 1e-12))


def across(normal: Floats) -> tuple[Floats, Floats]:
    """Two unit directions (3,) square to a normal and to each other, the second upwards."""
    up = np.array([0.0, 0.0, 1.0]) if abs(normal[2]) < 0.95 else np.array([0.0, 1.0, 0.0])
    second = up - (up @ normal) * normal
    second /= np.linalg.norm(second)
    return np.cross(second, normal), second


def patch(skin: Searched, place: Floats, normal: Floats, radii_mm: tuple[float, float]) -> Surface:
    """The part of a skin below a contact: a disc square to ``normal`` laid on it, with ``radii_mm``
    across the body and up.

    Vertices (1 + RINGS * SPOKES, 3), the middle first.
    """
    first, second = across(normal)
    angle = np.linspace(0.0, 2 * np.pi, SPOKES, endpoint=False)
    rim = (
        np.cos(angle)[:, None] * first * radii_mm[0] + np.sin(angle)[:, None] * second * radii_mm[1]
    )
    reach = max(radii_mm)
    flat = place + np.concatenate([rim * (ring / RINGS) for ring in range(1, RINGS + 1)])
    lines, met = skin.crossings_of(flat + normal * reach, flat - normal * 2 * reach)
    lines, along = lines[met.entering], met.along_mm[met.entering]
    # Of several places that a line enters, the one nearest to the disc; of none, the disc.
    order = np.lexsort((np.abs(along - reach), lines))
    first_of, at = np.unique(lines[order], return_index=True)
    down = np.full(len(flat), float(reach))
    down[first_of] = along[order][at]
    return Surface(np.vstack([place, flat + np.outer(reach - down, normal)]), _disc_faces())


def _disc_faces() -> Ints:
    spoke = np.arange(SPOKES)
    after = (spoke + 1) % SPOKES
    faces = [np.column_stack([np.zeros_like(spoke), 1 + spoke, 1 + after])]
    for ring in range(1, RINGS):
        inner, outer = 1 + (ring - 1) * SPOKES, 1 + ring * SPOKES
        faces.append(np.column_stack([inner + spoke, outer + spoke, outer + after]))
        faces.append(np.column_stack([inner + spoke, outer + after, inner + after]))
    return np.concatenate(faces).astype(np.int32)
