"""How people's pelves differ: a statistical shape model, sampled, and fitted to points.

The model is the built-in pack's: the modes of LLP26 (26 people's CT scans, principal component
analysis after rigid alignment; musculoskeletal-models 0.2.4) at the pack's own vertices. Weights
count in standard deviations; 0 everywhere is the pack itself. The modes include size. The right
thigh bone is the left one mirrored, and the coccyx follows the sacrum.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from siexplorer.geometry.frame import body_frame
from siexplorer.geometry.landmarks import Points, fit_sphere
from siexplorer.geometry.surface import Floats, Ints, Surface

MODELLED = ("left-hip-bone", "right-hip-bone", "sacrum", "coccyx", "left-femur", "right-femur")
PELVIS = ("left-hip-bone", "right-hip-bone", "sacrum")
"""The bones whose shape the model knows best; the others hang on them."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A landmark as material points: corners (k, 3) among all vertices of the model, their
    barycentric shares (k, 3), and what lies beside the surface (k, 3) mm.
    """

    bone: str
    corners: npt.NDArray[np.int64]
    shares: Floats
    beside: Floats


@dataclass(frozen=True, slots=True)
class Sample:
    """A pelvis of the model in its own body frame. ``weights`` (m,) made it, and ``to_body``
    (4, 4) brought it from the mean's frame into its own; ``vertices`` (n, 3) are all of them.
    """

    weights: Floats
    vertices: Floats
    surfaces: dict[str, Surface]
    landmarks: Points
    to_body: Floats


class ShapeModel:
    """Mean (n, 3), modes (n, 3, m) in mm per standard deviation, and landmarks that go with them.

    All bones' vertices lie one behind the other; ``parts`` has each bone's slice and ``faces`` its
    triangles, counted from the bone's first vertex.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """From the arrays of ``shape.npz``.

        Raises
        ------
        ValueError
            If an array is missing or does not fit the others.
        """
        try:
            means = [np.asarray(arrays[f"{name}/mean"], dtype=np.float64) for name in MODELLED]
            modes = [np.asarray(arrays[f"{name}/modes"], dtype=np.float32) for name in MODELLED]
            faces = [np.asarray(arrays[f"{name}/faces"], dtype=np.int32) for name in MODELLED]
            self.variance_shares = np.asarray(arrays["variance_shares"], dtype=np.float64)
            self.sockets = {
                side: np.asarray(arrays[f"{side}-socket"], dtype=np.int64)
                for side in ("left", "right")
            }
        except KeyError as error:
            raise ValueError(f"no array {error}") from None
        for mean, mode, face in zip(means, modes, faces, strict=True):
            fits = mode.shape == (*mean.shape, len(self.variance_shares))
            if not fits or face.max(initial=0) >= len(mean):
                raise ValueError("a bone's arrays do not fit each other")
        ends = np.cumsum([0, *map(len, means)])
        self.parts = {
            name: slice(int(ends[k]), int(ends[k + 1])) for k, name in enumerate(MODELLED)
        }
        self.faces: dict[str, Ints] = dict(zip(MODELLED, faces, strict=True))
        self.mean: Floats = np.concatenate(means)
        self.modes: npt.NDArray[np.float32] = np.concatenate(modes)
        order = sorted(MODELLED)
        self.landmarks: dict[str, Carried] = {}
        for key in arrays:
            if not key.startswith("landmark/"):
                continue
            rows = np.asarray(arrays[key], dtype=np.float64)
            bone = order[int(rows[0, 0])]
            corners = rows[:, 1:4].astype(np.int64) + self.parts[bone].start
            carried = Carried(bone, corners, rows[:, 4:7], rows[:, 7:10])
            self.landmarks[key.removeprefix("landmark/")] = carried

    @property
    def count(self) -> int:
        """How many modes there are."""
        return len(self.variance_shares)

    @cached_property
    def _flat(self) -> npt.NDArray[np.float32]:
        return self.modes.reshape(-1, self.count)

    def vertices(self, weights: Floats) -> Floats:
        """(n, 3) all vertices for up to ``count`` weights, in the mean's frame."""
        some = np.asarray(weights, dtype=np.float32)
        return self.mean + (self._flat[:, : len(some)] @ some).reshape(-1, 3).astype(np.float64)

    def surface(self, name: str, vertices: Floats) -> Surface:
        """One bone of all vertices (n, 3)."""
        return Surface(vertices[self.parts[name]], self.faces[name])

    def points(self, vertices: Floats) -> Points:
        """All landmarks, and the hip centres, on vertices (n, 3) of the model wherever they are."""
        found: Points = {}
        for name, one in self.landmarks.items():
            on_it = np.einsum("kc,kci->ki", one.shares, vertices[one.corners])
            found[name] = on_it + one.beside
        for side, socket in self.sockets.items():
            start = self.parts[f"{side}-hip-bone"].start
            found[f"{side}-hip-centre"] = fit_sphere(vertices[start + socket])[0][None]
        return found

    def to_body(self, vertices: Floats) -> Floats:
        """(4, 4) from where vertices (n, 3) lie, roughly upright, into their own body frame.

        Raises
        ------
        ValueError
            If they have no anterior pelvic plane.
        """
        left, right = (self.surface(f"{side}-hip-bone", vertices) for side in ("left", "right"))
        return body_frame(left, right)

    def sample(self, weights: Floats) -> Sample:
        """The pelvis of these weights, in its own body frame, with its landmarks.

        Raises
        ------
        ValueError
            If there are more weights than modes, or the shape has no anterior pelvic plane.
        """
        if len(weights) > self.count:
            raise ValueError(f"{len(weights)} weights for {self.count} modes")
        vertices = self.vertices(weights)
        to_body = self.to_body(vertices)
        vertices = vertices @ to_body[:3, :3].T + to_body[:3, 3]
        surfaces = {name: self.surface(name, vertices) for name in MODELLED}
        whole = np.zeros(self.count)
        whole[: len(weights)] = weights
        return Sample(whole, vertices, surfaces, self.points(vertices), to_body)

    def fit(self, index: Ints, targets: Floats, *, error_mm: float = 1.0) -> Floats:
        """The weights (m,) that take vertices ``index`` (k,) nearest to ``targets`` (k, 3).

        The targets lie in the mean's frame. The more they may err, the nearer to the mean the
        weights stay: the most probable ones, given normal errors and normally spread people.
        """
        matrix = self.modes[index].reshape(-1, self.count).astype(np.float64) / error_mm
        right = (targets - self.mean[index]).ravel() / error_mm
        normal = matrix.T @ matrix + np.eye(self.count)
        return np.asarray(np.linalg.solve(normal, matrix.T @ right))
