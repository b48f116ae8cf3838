"""The ball map on the skin: soft colour, hatching and borders: state is never colour alone."""

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Tool
from siexplorer.exploration.ball import SkinMap, state_codes
from siexplorer.geometry.surface import Surface
from siexplorer.geometry.zones import ORDER
from siexplorer.scene.actors import flat_actor, triangles
from siexplorer.scene.theme import ZONE_COLOURS, rgb

LIFT_MM = 0.6
"""How far above the skin the map lies, so that the two do not mix (design)."""

BORDER_MM = 12.0
"""So far round a border the map knows how near it is."""

PERIOD_MM = 11.0
"""How far apart the marks of a hatching are (design)."""

WASH = {"clear": 0.44, "caution": 0.40, "avoid": 0.30}
INK = {"clear": 0.90, "caution": 0.80, "avoid": 0.56}
UNRATED = 0.28
"""Where no rule speaks, the map is so much fainter."""

EVEN = 1.0
"""Where the share in the middle of an edge is that of its ends, but for rounding (in 255ths), the
edge is drawn whole: two in five of the triangles are left, and no border moves."""

MAP_SHADER = """
  float clear_ = vertexColorVSOutput.r, caution = vertexColorVSOutput.g;
  float avoid_ = vertexColorVSOutput.b, rated = vertexColorVSOutput.a;
  float best = max(clear_, max(caution, avoid_));
  float least = min(clear_, min(caution, avoid_));
  float gap = 2.0 * best + least - clear_ - caution - avoid_;
  // How fast the two that meet part: their gap itself has a kink right on the border.
  float parting = fwidth(clear_ - caution);
  float without_clear = fwidth(caution - avoid_), without_caution = fwidth(avoid_ - clear_);
  if (least == clear_) { parting = without_clear; }
  else if (least == caution) { parting = without_caution; }
  float up = hatchMC.x + hatchMC.y, down = hatchMC.x - hatchMC.y;
  vec2 soft = max(vec2(fwidth(up), fwidth(down)), 1e-5);
  vec2 line = abs(fract(vec2(up, down)) - 0.5);
  vec2 dot_ = vec2(fract(hatchMC.x + 0.5 * mod(floor(hatchMC.y), 2.0)), fract(hatchMC.y)) - 0.5;
  vec3 colour = {caution}; float wash = {caution_wash}; float ink = {caution_ink};
  float inked = 1.0 - smoothstep(-0.5, 0.5, (line.x - 0.075) / soft.x);
  if (best == avoid_) {
    colour = {avoid}; wash = {avoid_wash}; ink = {avoid_ink};
    vec2 crossed = 1.0 - smoothstep(vec2(-0.5), vec2(0.5), (line - 0.05) / soft);
    inked = max(crossed.x, crossed.y);
  } else if (best == clear_) {
    colour = {clear}; wash = {clear_wash}; ink = {clear_ink};
    inked = 1.0 - smoothstep(-0.5, 0.5, (length(dot_) - 0.19) / soft.x);
  }
  float strength = mix({unrated}, 1.0, smoothstep(0.49, 0.51, rated));
  float dense = mix(wash, ink, inked) * strength;
  float edge = abs(rated - 0.5) / max(fwidth(rated), 1e-5);
  float rim = 1.0 - smoothstep(0.4, 1.2, edge);
  colour *= mix(1.0, 0.7, rim); dense = mix(dense, 0.6, rim);
  float border = best < 0.98 ? 1.0 - smoothstep(1.0, 2.0, gap / max(parting, 1e-5)) : 0.0;
  fragOutput0 = vec4(mix(colour, vec3(1.0), border), mix(dense, 0.95, border));
"""
"""What a place is, by the largest of three shares that run softly over the skin; hatched round the
body's long axis; a white line where two states meet. Every edge is a pixel soft."""


ROUND_BODY = """
  hatchMC = vec2(140.0 * atan(abs(vertexMC.x), vertexMC.y - 70.0), vertexMC.z) / {period};
"""
"""Where a place lies for the hatching: round the body from the back to both sides, and up."""


class ZoneSkin:
    """Keeps the actor of the map of one skin, for one tool."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self.renderer = renderer
        self.actor: vtkActor | None = None
        self._drawn: object = None
        self._on: SkinMap | None = None

    def draw(self, known: Knowledge, on: SkinMap | None, tool: Tool | None) -> None:
        """Show the map for a tool; None takes it away."""
        if on is None or tool is None:
            if self.actor is not None:
                self.actor.SetVisibility(False)
            return
        codes = state_codes(known, tool)
        key = (id(on), tool.counted_radius_mm, codes.tobytes())
        anew = self._on is not on or self.actor is None
        if key != self._drawn or anew:
            if anew:
                self._renew(on)
            self._drawn = key
            self._colour(weights(on, codes, tool))
        if self.actor is not None:
            self.actor.SetVisibility(True)

    def _renew(self, on: SkinMap) -> None:
        if self.actor is not None:
            self.renderer.RemoveActor(self.actor)
        self._on = on
        self.actor = map_actor(
            Surface(on.grid.points + on.grid.normals * LIFT_MM, on.grid.fine.faces)
        )
        self.renderer.AddActor(self.actor)

    def _colour(self, shares: npt.NDArray[np.uint8]) -> None:
        assert self.actor is not None
        assert self._on is not None
        data = self.actor.GetMapper().GetInput()
        data.GetPointData().SetScalars(numpy_to_vtk(shares, deep=1))
        grid = self._on.grid
        data.SetPolys(triangles(fewer(grid.fine.faces, grid.parents, shares)))
        data.Modified()


def weights(on: SkinMap, codes: npt.NDArray[np.int8], tool: Tool) -> npt.NDArray[np.uint8]:
    """(n, 4) how far inside each of ``STATES`` a fine vertex lies, and whether a rule speaks there:
    128 on the border, 255 and 0 at ``BORDER_MM`` inside and outside.
    """
    rated = np.array([name != "unrated" for name in ORDER], dtype=np.int8)
    states = on.inside_mm(tool.counted_radius_mm, codes)
    spoken = on.inside_mm(tool.counted_radius_mm, rated)[:, 1:]
    share = np.clip(np.column_stack([states, spoken]) / (2 * BORDER_MM) + 0.5, 0.0, 1.0)
    return np.asarray(np.round(255 * share), dtype=np.uint8)


def fewer(
    faces: npt.NDArray[np.int32],
    parents: npt.NDArray[np.int64],
    shares: npt.NDArray[np.uint8],
) -> npt.NDArray[np.int32]:
    """Triangles of a skin whose edges were halved, where that makes a difference to the map.

    ``faces`` (4 n, 3) are the quarters of each of n triangles, the inner one last, as ``grid_of``
    makes them; ``parents`` (v, 2) the ends of the edge that a vertex halves; ``shares`` (v, 4) what
    is drawn. Neighbours agree about each edge, so no cracks open.
    """
    ends = shares.astype(np.float64)[parents].mean(axis=1)
    needed = (np.abs(shares - ends) > EVEN).any(axis=1)
    quarters = faces.reshape(-1, 4, 3)
    corners = quarters[:, [0, 1, 2], [0, 1, 2]]
    middles = quarters[:, 3]
    halved = needed[middles]
    found = [quarters[halved.all(axis=1)].reshape(-1, 3)]
    count = halved.sum(axis=1)
    found.append(corners[count == 0])
    # Turned so that the one halved, or the one whole, edge comes first.
    for number, first in ((1, halved.argmax(axis=1)), (2, halved.argmin(axis=1))):
        chosen = count == number
        turn = (first[chosen, None] + np.arange(3)) % 3
        (a, b, c), (ab, bc, ca) = (
            np.take_along_axis(one[chosen], turn, axis=1).T for one in (corners, middles)
        )
        pieces = [(a, ab, c), (ab, b, c)] if number == 1 else [(a, b, bc), (a, bc, ca), (ca, bc, c)]
        found += [np.column_stack(piece) for piece in pieces]
    return np.concatenate(found).astype(np.int32)


def map_actor(skin: Surface) -> vtkActor:
    """A skin that shows the state of each place by the four numbers at its vertices."""
    actor = flat_actor(skin)
    actor.GetProperty().BackfaceCullingOn()
    actor.SetPickable(False)
    actor.ForceTranslucentOn()
    values = {"period": f"{PERIOD_MM:.2f}", "unrated": f"{UNRATED:.3f}"}
    for state, code in ZONE_COLOURS.items():
        values[state] = "vec3({:.4f}, {:.4f}, {:.4f})".format(*rgb(code))
        values[f"{state}_wash"], values[f"{state}_ink"] = f"{WASH[state]:.3f}", f"{INK[state]:.3f}"
    # The shader needs places in mm, not as VTK may pack them.
    actor.GetMapper().SetVBOShiftScaleMethod(0)
    look = actor.GetShaderProperty()
    declare, begin = "//VTK::Normal::Dec", "//VTK::PositionVC::Impl"
    look.AddVertexShaderReplacement(declare, True, f"{declare}\nout vec2 hatchMC;\n", False)
    round_body = shader_of(ROUND_BODY, values)
    look.AddVertexShaderReplacement(begin, True, f"{begin}\n{round_body}", False)
    look.AddFragmentShaderReplacement(declare, True, f"{declare}\nin vec2 hatchMC;\n", False)
    look.AddFragmentShaderReplacement(
        "//VTK::Light::Impl", True, shader_of(MAP_SHADER, values), False
    )
    return actor


def shader_of(code: str, values: dict[str, str]) -> str:
    """A piece of shader with its braces filled in."""
    for name, value in values.items():
        code = code.replace("{" + name + "}", value)
    return code
