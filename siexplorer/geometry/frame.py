"""The body frame: +x left, +y posterior, +z superior, mm, origin midway between the two ASIS."""

import numpy as np

from siexplorer.geometry.surface import Floats, Surface


def front_points(hip_left: Floats, hip_right: Floats) -> Floats:
    """(4, 3): left ASIS, right ASIS, left and right front of the pubis.

    The ASIS is the most anterior point of a hip bone's upper half, the pubic point that of its
    lower half (the automatic method of Fischer et al. 2019, doi 10.1038/s41598-019-49573-4, by
    extrema).
    """
    found = []
    for upper in (True, False):
        for hip in (hip_left, hip_right):
            middle = (hip[:, 2].min() + hip[:, 2].max()) / 2
            half = hip[(hip[:, 2] > middle) == upper]
            found.append(half[np.argmin(half[:, 1])])
    return np.array(found)


def body_frame(hip_left: Surface, hip_right: Surface, rounds: int = 20) -> Floats:
    """(4, 4) transform into the body frame, for bones that already lie roughly in it.

    The anterior pelvic plane through both ASIS and the front of the pubis becomes the plane y = 0.
    Which points are most anterior depends on the tilt, so find and turn alternate until they agree.

    Raises
    ------
    ValueError
        If the points still change after ``rounds``: these are not hip bones in a rough body frame.
    """
    total = np.eye(4)
    for _ in range(rounds):
        left = hip_left.moved(total).vertices
        right = hip_right.moved(total).vertices
        asis_left, asis_right, pubis_left, pubis_right = front_points(left, right)
        middle = (asis_left + asis_right) / 2
        to_left = _unit(asis_left - asis_right)
        posterior = _unit(np.cross(to_left, middle - (pubis_left + pubis_right) / 2) * -1)
        step = np.eye(4)
        step[:3, :3] = np.array([to_left, posterior, np.cross(to_left, posterior)])
        step[:3, 3] = -step[:3, :3] @ middle
        total = step @ total
        if np.allclose(step, np.eye(4), atol=1e-9):
            return total
    raise ValueError("no stable anterior pelvic plane: are these two hip bones, roughly upright?")


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))
