"""A human figure in the position of a technique: on its floor, with tool, pressure and helper.

All lengths in mm. A figure has a frame of its own (see packs.figures); places and directions are
given in the body frame and brought to it, so that a ball marked on the model lies where it should.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkBillboardTextActor3D,
    vtkPolyDataMapper,
    vtkProp,
    vtkRenderer,
)

from siexplorer.anatomy.records import Tool
from siexplorer.geometry.rays import Searched, shares_in_face
from siexplorer.geometry.surface import Floats, Surface, face_normals, vertex_normals
from siexplorer.packs.figures import Figure
from siexplorer.scene.actors import body_actor, flat_actor, lamps, mixed, place, poly_data
from siexplorer.scene.ball import tool_actor
from siexplorer.scene.theme import DARK, LIGHT, Rgb, Theme, rgb

BODY = {"light": rgb("#e8ded2"), "dark": rgb("#c4b8aa")}
HELPER = {"light": rgb("#b9c6cf"), "dark": rgb("#8696a1")}
FURNITURE = {"light": rgb("#f4f6f7"), "dark": rgb("#56616a")}
WALL = {"light": rgb("#dbe1e4"), "dark": rgb("#3a434a")}
FLOOR = {"light": rgb("#dde3e6"), "dark": rgb("#333b41")}

ANGLE_DEG = 22.0
"""The opening of the camera: a long lens, which does not swell what is near (design)."""

MARGIN = 1.06
FLOOR_CELLS, FLOOR_REACH_MM = 150, 330.0
HANDS_AWAY_MM = 130.0
"""A helper's hands come to lie no further from the place than this (design)."""

ASIDE_MM = 20.0
"""A place so near to the midline is seen from either side (design)."""

SHADOW_MM, SHADOW_HEIGHT_MM, SHADOW_DARK = 26.0, 130.0, 0.42
NEAR_SUPPORT_MM = 75.0
"""A tool that has less room than this to the floor or wall lies on it (design)."""

ARROW_MM, ARROW_GAP_MM, ARROW_THICK_MM = 190.0, 16.0, 11.0
HAND_MM = 55.0
"""So much room a pressing hand takes between the arrow and the skin (design)."""
SOLID = ("ball", "roller")
"""Tools with a body of their own; a hand or an elbow is the figure's or the helper's."""

LETTER_PX, LETTER_AWAY_MM, LETTER_ROOM_MM = 20, 80.0, 40.0
LETTER_FREE_MM = 70.0
"""A letter keeps so far from arrow and tool, as they are seen (design)."""

LETTER_HEIGHTS_MM = (-60.0, 110.0, -250.0, 380.0, 560.0)
COUNTER_MM, SLAB_MM, WALL_MM, SEAT_MM = 540.0, 34.0, (1100.0, 1850.0), (430.0, 370.0)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a figure's skin: where (3,), and the unit normal outwards (3,)."""

    point: Floats
    normal: Floats


def spot_on(figure: Figure, point: Floats) -> Spot:
    """The nearest place on the figure's skin to (3,) a point of the body frame.

    Only skin that looks away from the middle of the pelvis counts: a hand that lies against the
    body there does not.
    """
    there, middle = (
        figure.to_figure[:3, :3] @ place + figure.to_figure[:3, 3]
        for place in (np.asarray(point), PELVIS_MIDDLE)
    )
    outwards = (there - middle) / np.linalg.norm(there - middle)
    normals = face_normals(figure.surface)
    facing = normals @ outwards > LEAST_FACING * np.linalg.norm(normals, axis=1)
    skin = Surface(figure.surface.vertices, figure.surface.faces[facing])
    found, face = Searched(skin).nearest(there)
    corners, shares = shares_in_face(skin, face, found)
    normal = shares @ figure.normals[corners]
    return Spot(found, normal / np.linalg.norm(normal))


PELVIS_MIDDLE = np.array([0.0, 55.0, -35.0])
LEAST_FACING = 0.3


@dataclass(frozen=True, slots=True)
class Rest:
    """Where a tool is: its middle (3,), its radius (0 for a hand or an edge), and what it lies on
    there: a unit vector (3,) out of that support, or None for a tool that is held.
    """

    centre: Floats
    radius_mm: float
    support: Floats | None


def resting_tool(figure: Figure, spot: Spot, radius_mm: float) -> Rest:
    """A tool of that radius at a place: on the skin, or between the skin and floor or wall."""
    centre = spot.point + radius_mm * spot.normal
    room = centre @ figure.up - radius_mm - figure.floor_mm
    if (spot.normal @ figure.up < -0.35 and room < NEAR_SUPPORT_MM) or room < 0.0:
        return Rest(centre - room * figure.up, radius_mm, figure.up)
    fixture = figure.fixture
    if fixture is not None and fixture.kind == "wall" and spot.normal[1] > 0.35:
        gap = fixture.y_mm - radius_mm - centre[1]
        if gap < NEAR_SUPPORT_MM:
            return Rest(centre + np.array([0.0, gap, 0.0]), radius_mm, np.array([0.0, -1.0, 0.0]))
    if fixture is not None and fixture.kind == "counter" and spot.normal[1] < -0.35:
        return Rest(spot.point - [0.0, radius_mm, 0.0], radius_mm, np.array([0.0, 1.0, 0.0]))
    return Rest(centre, radius_mm, None)


def helper_place(figure: Figure, helper: Figure, spot: Spot) -> Floats:
    """(4, 4) takes a helper's frame to the figure's, so that the hands press at a place.

    Who lies on a side is helped from behind, anybody else from the side of the place.
    """
    back = figure.to_figure[:3, 1].copy()
    back[2] = 0.0
    if np.linalg.norm(back) < 0.5:
        across = figure.to_figure[:3, 0]
        middle = figure.to_figure[:3, 3]
        back = across * (1.0 if (spot.point - middle) @ across > 0.0 else -1.0)
        back[2] = 0.0
    back /= np.linalg.norm(back)
    # A helper looks towards -y: turned so that this is from behind towards the place.
    turn = np.eye(4)
    turn[:2, 1] = back[:2]
    turn[:2, 0] = (back[1], -back[0])
    hands = np.zeros(3) if helper.hands_mm is None else helper.hands_mm
    moved = turn[:3, :3] @ hands
    turn[2, 3] = figure.floor_mm - helper.floor_mm
    turn[:2, 3] = _under_hands(figure, spot, moved[2] + turn[2, 3])[:2] - moved[:2]
    return turn


def _under_hands(figure: Figure, spot: Spot, height_mm: float) -> Floats:
    """(3,) the skin near a place that looks up and is about as high as a helper's hands: a figure
    has one posture, and hands that hover or sink in look wrong at once.
    """
    points = figure.surface.vertices
    away = np.linalg.norm(points - spot.point, axis=1)
    within = (away < HANDS_AWAY_MM) & (figure.normals @ figure.up > 0.4)
    if not within.any():
        return spot.point
    cost = away + 2.0 * np.abs(points @ figure.up - height_mm)
    return np.asarray(points[within][cost[within].argmin()])


def aimed(
    points: Floats, direction: Floats, up: Floats, aspect: float
) -> tuple[Floats, Floats, Floats]:
    """Camera position (3,), focal point (3,) and up (3,) that show all (n, 3) points.

    ``direction`` points from them to the camera, ``aspect`` is width by height.
    """
    back = direction / np.linalg.norm(direction)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    above = np.cross(back, right)
    tall = np.tan(np.radians(ANGLE_DEG / 2))
    wide = tall * aspect
    x, y, z = points @ right, points @ above, points @ back
    # The nearest place from which both edges are in sight, for width and for height.
    far_x = ((x / wide + z).max() + (-x / wide + z).max()) / 2
    far_y = ((y / tall + z).max() + (-y / tall + z).max()) / 2
    mid_x = wide * ((x / wide + z).max() - (-x / wide + z).max()) / 2
    mid_y = tall * ((y / tall + z).max() - (-y / tall + z).max()) / 2
    depth = float(z.mean())
    far = depth + MARGIN * (max(far_x, far_y) - depth)
    position = mid_x * right + mid_y * above + far * back
    return position, position - (far - depth) * back, above


def seen_from(figure: Figure, spot: Spot) -> Floats:
    """(3,) From where a place is seen: the figure's best view, or its mirror image where the place
    is on the other side of the body.
    """
    leftwards = figure.to_figure[:3, 0]
    aside = float((spot.point - figure.to_figure[:3, 3]) @ leftwards)
    across = float(figure.camera @ leftwards)
    if aside * across >= 0.0 or abs(aside) < ASIDE_MM:
        return figure.camera
    return np.asarray(figure.camera - 2.0 * across * leftwards)


class FigureScene:
    """A figure's actors in a renderer whose viewport, background and layer its owner decides."""

    def __init__(self, renderer: vtkRenderer, theme: Theme = LIGHT, scale: float = 1.0) -> None:
        self.renderer, self.theme, self.scale = renderer, theme, scale
        renderer.RemoveAllLights()
        for lamp in lamps():
            renderer.AddLight(lamp)
        self._props: list[vtkProp] = []
        self._letters: list[tuple[vtkBillboardTextActor3D, Floats]] = []
        self._solid: list[Searched] = []
        self._taken: list[Floats] = []
        self._direction = np.zeros(3)
        self._points = np.zeros((0, 3))
        self._figure: Figure | None = None
        self._shown: tuple[Tool | None, Floats | None, Floats | None, Figure | None] = (
            None,
            None,
            None,
            None,
        )

    def show(
        self,
        figure: Figure,
        tool: Tool | None = None,
        point: Floats | None = None,
        *,
        direction: Floats | None = None,
        helper: Figure | None = None,
    ) -> None:
        """Draw a figure instead of what was drawn.

        ``point`` (3,) and ``direction`` (3,) of the pressure are in the body frame; without a
        direction it goes straight into the skin. With a helper it is their hands that press.
        """
        self.clear()
        self._figure, self._shown = figure, (tool, point, direction, helper)
        scheme = self._scheme
        self._direction = figure.camera
        solid = [figure.surface]
        self._add(body_actor(figure.surface, figure.normals), BODY[scheme])
        spot = None if point is None else spot_on(figure, point)
        if helper is not None:
            at = spot or Spot(figure.to_figure[:3, 3], figure.up)
            matrix = helper_place(figure, helper, at)
            # Never look over the helper's shoulder, but at the helper across the body.
            facing = -matrix[:3, 1]
            over = min(0.0, float(self._direction @ facing))
            self._direction = self._direction - 2.0 * over * facing
            surface = helper.surface.moved(matrix)
            self._add(body_actor(surface, helper.normals @ matrix[:3, :3].T), HELPER[scheme])
            solid.append(surface)
        elif spot is not None:
            self._direction = seen_from(figure, spot)
        framed = [one.vertices for one in solid]
        rest = None
        if spot is not None:
            radius = tool.diameter_mm / 2 if tool is not None and tool.group in SOLID else 0.0
            rest = resting_tool(figure, spot, radius)
            framed += self._press(figure, spot, rest, tool, direction, held=helper is not None)
        framed += self._furnish(figure, rest)
        self._solid = [Searched(one) for one in solid]
        self._lay_floor(figure, [one.vertices for one in solid])
        framed += self._letter(figure)
        self._points = np.concatenate(framed)
        self.aim()

    @property
    def _scheme(self) -> str:
        return "dark" if self.theme is DARK else "light"

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.theme = theme
        if self._figure is not None:
            tool, point, direction, helper = self._shown
            self.show(self._figure, tool, point, direction=direction, helper=helper)

    def clear(self) -> None:
        """Draw nothing."""
        for prop in self._props:
            self.renderer.RemoveViewProp(prop)
        self._props.clear()
        self._letters.clear()
        self._solid.clear()
        self._taken.clear()
        self._figure = None

    def aim(self, aspect: float | None = None, turned_deg: float = 0.0) -> None:
        """Look from the figure's best side, or so far round it; all of it stays in sight."""
        if self._figure is None:
            return
        if aspect is None:
            wide, high = self.renderer.GetSize()
            aspect = wide / high if wide and high else 1.0
        angle = np.radians(turned_deg)
        cos, sin = np.cos(angle), np.sin(angle)
        x, y, z = self._direction
        direction = np.array([cos * x - sin * y, sin * x + cos * y, z])
        position, focal, above = aimed(self._points, direction, self._figure.up, aspect)
        camera = self.renderer.GetActiveCamera()
        camera.SetParallelProjection(False)
        camera.SetViewAngle(ANGLE_DEG)
        camera.SetPosition(*position)
        camera.SetFocalPoint(*focal)
        camera.SetViewUp(*above)
        self._show_letters(position)
        self.renderer.ResetCameraClippingRange()

    def _add(self, actor: vtkActor, colour: Rgb) -> None:
        actor.GetProperty().SetColor(*colour)
        actor.SetPickable(False)
        self._keep(actor)

    def _keep(self, prop: vtkProp) -> None:
        self.renderer.AddViewProp(prop)
        self._props.append(prop)

    def _press(
        self,
        figure: Figure,
        spot: Spot,
        rest: Rest,
        tool: Tool | None,
        direction: Floats | None,
        *,
        held: bool,
    ) -> list[Floats]:
        """The tool and the arrow of the pressure; what they need in the picture."""
        radius, drawn = rest.radius_mm, rest.radius_mm > 0.0
        if tool is not None and drawn and not held:
            actor = tool_actor(tool)
            actor.GetProperty().SetOpacity(1.0)
            place(actor, _lying(figure, spot, rest, roller=tool.length_mm > 0.0))
            self._keep(actor)
        if held:
            return []
        inwards = -spot.normal
        if direction is not None:
            inwards = figure.to_figure[:3, :3] @ np.asarray(direction)
            inwards /= np.linalg.norm(inwards)
        tip = rest.centre - (radius + (ARROW_GAP_MM if drawn else HAND_MM)) * inwards
        if rest.support is not None:
            # The body presses on the tool: the arrow goes that way, drawn in front of the body
            # where the eye sees it end at the tool.
            inwards = -rest.support
            tip = rest.centre - (radius + ARROW_GAP_MM) * inwards
            searched, away = Searched(figure.surface), 0.0
            for share in np.linspace(0.0, 1.0, 7):
                start = tip - share * ARROW_MM * inwards
                hit = searched.crossings(start + 1500.0 * self._direction, start).along_mm
                away = max(away, 1500.0 - hit[0] if len(hit) else 0.0)
            tip = tip + (away + 2.0 * ARROW_GAP_MM) * self._direction
        tail = tip - ARROW_MM * inwards
        self._add(_arrow(tail, tip), self.theme.accent)
        self._taken = [tail, (tail + tip) / 2, tip, rest.centre]
        return [tail[None], tip[None], rest.centre[None]]

    def _furnish(self, figure: Figure, rest: Rest | None) -> list[Floats]:
        """Wall, counter or seat; what of it must be in the picture."""
        fixture, floor = figure.fixture, figure.floor_mm
        if fixture is None:
            return []
        colour = FURNITURE[self._scheme]
        parts: list[Surface] = []
        framed: list[Floats] = []
        if fixture.kind == "wall":
            wide, high = WALL_MM
            low = np.array([-wide / 2, fixture.y_mm, floor])
            # Only its front: from behind, one looks through it.
            wall = flat_actor(_panel(low, wide, high))
            wall.GetProperty().BackfaceCullingOn()
            self._add(wall, WALL[self._scheme])
        elif fixture.kind == "seat":
            wide, deep = SEAT_MM
            middle = figure.to_figure[:2, 3]
            top = floor + fixture.top_mm
            # The front edge is under the thighs.
            low = np.array([middle[0] - wide / 2, -150.0, top - SLAB_MM])
            parts.append(box(low, low + np.array([wide, deep, SLAB_MM])))
            for x in (20.0, wide - 56.0):
                for y in (20.0, deep - 56.0):
                    foot = np.array([low[0] + x, low[1] + y, floor])
                    parts.append(box(foot, foot + np.array([36.0, 36.0, fixture.top_mm - SLAB_MM])))
            framed += [part.vertices for part in parts]
        else:
            if rest is None:
                rest = Rest(spot_on(figure, DEFAULT_CORNER).point, 0.0, None)
            edge = rest.centre - [0.0, rest.radius_mm, 0.0]
            top = floor + fixture.top_mm
            slab = box(np.zeros(3), np.array([COUNTER_MM, COUNTER_MM, SLAB_MM]))
            base = box(
                np.array([45.0, 45.0, floor - top + SLAB_MM]), np.array([COUNTER_MM, COUNTER_MM, 0])
            )
            matrix = np.eye(4)
            half = np.sqrt(0.5)
            # Both edges run away from the body, to its left and to its right.
            matrix[:2, 0], matrix[:2, 1] = (half, -half), (-half, -half)
            matrix[:2, :2] = matrix[:2, [1, 0]]
            matrix[:3, 3] = (edge[0], edge[1] + 6.0, top - SLAB_MM)
            parts += [slab.moved(matrix), base.moved(matrix)]
            framed.append(parts[0].vertices)
        for part in parts:
            self._add(body_actor(part, vertex_normals(part)), colour)
        return framed

    def _lay_floor(self, figure: Figure, solid: list[Floats]) -> None:
        """A round floor that fades out, darker where the body is near it."""
        points = np.concatenate(solid)
        low, high = points.min(axis=0), points.max(axis=0)
        middle = (low + high) / 2
        reach = np.linalg.norm((high - low)[:2]) / 2 + FLOOR_REACH_MM
        line = np.linspace(-reach, reach, FLOOR_CELLS + 1)
        height = points @ figure.up - figure.floor_mm
        weight = np.exp(-height / SHADOW_HEIGHT_MM)
        x, y = (points[:, k] - middle[k] for k in range(2))
        shade = np.histogram2d(x, y, bins=[line, line], weights=weight)[0]
        cell = 2 * reach / FLOOR_CELLS
        dark = 1.0 - np.exp(-gaussian_filter(shade, SHADOW_MM / cell) * 900.0 / cell**2)
        wide = 1.0 - np.exp(-gaussian_filter(shade, 3.5 * SHADOW_MM / cell) * 700.0 / cell**2)
        shadow = SHADOW_DARK * (0.65 * dark + 0.35 * wide)
        centres = (line[:-1] + line[1:]) / 2
        away = np.hypot(*np.meshgrid(centres, centres, indexing="ij")) / reach
        fade = np.clip((1.0 - away) / 0.28, 0.0, 1.0)
        fade = fade * fade * (3.0 - 2.0 * fade)
        ground, background = np.array(FLOOR[self._scheme]), np.array(self.theme.background)
        colours = background + fade[..., None] * (ground - background)
        colours = colours * (1.0 - fade * shadow)[..., None]
        grid = np.stack(
            [*np.meshgrid(centres, centres, indexing="ij"), np.zeros(away.shape)], axis=2
        )
        number = np.arange(away.size).reshape(away.shape)
        a, b, c, d = (
            number[:-1, :-1].ravel(),
            number[1:, :-1].ravel(),
            number[1:, 1:].ravel(),
            number[:-1, 1:].ravel(),
        )
        inside = away.ravel()[a] < 1.0
        faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
        faces = faces[np.tile(inside, 2)]
        vertices = grid.reshape(-1, 3) + np.array([middle[0], middle[1], figure.floor_mm - 0.5])
        data = poly_data(Surface(vertices, faces.astype(np.int32)))
        bytes_ = np.round(255.0 * np.clip(colours, 0.0, 1.0)).astype(np.uint8).reshape(-1, 3)
        data.GetPointData().SetScalars(numpy_to_vtk(bytes_, deep=1))
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(data)
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().LightingOff()
        actor.SetPickable(False)
        self._keep(actor)

    def _letter(self, figure: Figure) -> list[Floats]:
        """L and R; where they stand is decided when the camera is."""
        for letter, sign in (("L", 1.0), ("R", -1.0)):
            text = vtkBillboardTextActor3D()
            text.SetInput(letter)
            look = text.GetTextProperty()
            look.SetFontSize(round(LETTER_PX * self.scale))
            look.SetBold(True)
            look.SetColor(*mixed(self.theme.side, self.theme.label, 0.3))
            look.SetJustificationToCentered()
            look.SetVerticalJustificationToCentered()
            text.SetPickable(False)
            self._keep(text)
            places = letter_places(figure, sign)
            self._letters.append((text, places))
        return [places[:1] for _, places in self._letters if len(places)]

    def _show_letters(self, eye: Floats) -> None:
        """Each letter at the first of its places that is seen, if it can be beside the body; where
        all are hidden it is not drawn.
        """
        for text, places in self._letters:
            seen = [spot for spot in places if not self._covered(spot, eye, behind=False)]
            beside = [spot for spot in seen if not self._covered(spot, eye, behind=True)]
            text.SetVisibility(bool(seen))
            if seen:
                text.SetPosition(*(beside or seen)[0])

    def _covered(self, spot: Floats, eye: Floats, *, behind: bool) -> bool:
        """Whether body, tool or arrow are seen in front of a letter, or else behind it."""
        view = (eye - spot) / np.linalg.norm(eye - spot)
        apart = [one - spot for one in self._taken]
        if any(np.linalg.norm(one - (one @ view) * view) < LETTER_FREE_MM for one in apart):
            return True
        side = np.cross(view, [0.0, 0.0, 1.0])
        side *= LETTER_ROOM_MM / np.linalg.norm(side)
        above = LETTER_ROOM_MM * np.array([0.0, 0.0, 1.0])
        around = (spot, spot + side, spot - side, spot + above, spot - above)
        return any(
            len(solid.crossings(point, point - 3000.0 * view if behind else eye).faces)
            for solid in self._solid
            for point in around
        )


def letter_places(figure: Figure, sign: float) -> Floats:
    """(k, 3) places for the letter of the left (1) or right side (-1), the best first.

    Beside the pelvis, else beside the loins, the thighs, the chest; never below the floor.
    """
    middle, aside, upwards = (figure.to_figure[:3, k] for k in (3, 0, 2))
    searched, found = Searched(figure.surface), []
    for high in LETTER_HEIGHTS_MM:
        root = middle + high * upwards
        hit = searched.crossings(root + sign * 900.0 * aside, root).along_mm
        reach = 900.0 - hit[0] if len(hit) else 150.0
        found.append(root + sign * (reach + LETTER_AWAY_MM) * aside)
    spots = np.array(found)
    return spots[spots @ figure.up > figure.floor_mm + 25.0]


def _lying(figure: Figure, spot: Spot, rest: Rest, *, roller: bool) -> Floats:
    """(4, 4) takes a tool from the origin to its place; a roller, which stands along y, lies across
    the body.
    """
    matrix = np.eye(4)
    matrix[:3, 3] = rest.centre
    if roller:
        out = spot.normal if rest.support is None else rest.support
        along = figure.to_figure[:3, 0] - (figure.to_figure[:3, 0] @ out) * out
        along /= np.linalg.norm(along)
        matrix[:3, :3] = np.stack([np.cross(along, out), along, out], axis=1)
    return matrix


DEFAULT_CORNER = np.array([105.0, -25.0, -15.0])
"""Just inside and below the left ASIS, where the counter is if no place is given (design)."""


def _arrow(tail: Floats, tip: Floats) -> vtkActor:
    """A round arrow from one point to another."""
    along = tip - tail
    length = float(np.linalg.norm(along))
    along = along / length
    helper = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    first = np.cross(along, helper)
    first /= np.linalg.norm(first)
    second = np.cross(along, first)
    head = min(0.42 * length, 4.6 * ARROW_THICK_MM)
    profile = [
        (0.0, 0.0),
        (0.0, ARROW_THICK_MM),
        (0.0, ARROW_THICK_MM),
        (length - head, ARROW_THICK_MM),
        (length - head, ARROW_THICK_MM),
        (length - head, 2.4 * ARROW_THICK_MM),
        (length - head, 2.4 * ARROW_THICK_MM),
        (length, 0.0),
    ]
    angle = np.linspace(0.0, 2 * np.pi, 25)[:-1]
    ring = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
    vertices = np.concatenate([tail + far * along + wide * ring for far, wide in profile])
    count, faces = len(angle), []
    after = np.roll(np.arange(count), -1)
    for k in range(len(profile) - 1):
        a, b = k * count + np.arange(count), k * count + after
        faces += [np.stack([a, b, a + count], axis=1), np.stack([b, b + count, a + count], axis=1)]
    surface = Surface(vertices, np.concatenate(faces).astype(np.int32))
    actor = body_actor(surface, vertex_normals(surface))
    actor.GetProperty().BackfaceCullingOff()
    return actor


def _panel(low: Floats, wide: float, high: float) -> Surface:
    """An upright sheet that looks towards -y."""
    corners = low + np.array([[0, 0, 0], [wide, 0, 0], [wide, 0, high], [0, 0, high]])
    return Surface(corners, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32))


def box(low: Floats, high: Floats) -> Surface:
    """A box between two corners (3,); each side has vertices of its own, so edges are sharp."""
    faces: list[list[int]] = []
    vertices: list[Floats] = []
    for axis in range(3):
        for end in (0, 1):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            corners = np.zeros((4, 3))
            corners[:, axis] = (low, high)[end][axis]
            corners[:, u] = [low[u], high[u], high[u], low[u]]
            corners[:, v] = [low[v], low[v], high[v], high[v]]
            start = 4 * len(vertices)
            order = [[0, 1, 2], [0, 2, 3]] if end else [[0, 2, 1], [0, 3, 2]]
            faces += [[start + k for k in face] for face in order]
            vertices.append(corners)
    return Surface(np.concatenate(vertices), np.array(faces, dtype=np.int32))


def figure_picture(
    figure: Figure,
    tool: Tool | None,
    point: Floats | None,
    size: tuple[int, int],
    theme: Theme = LIGHT,
    *,
    direction: Floats | None = None,
    helper: Figure | None = None,
    turned_deg: float = 0.0,
) -> npt.NDArray[np.uint8]:
    """(height, width, 3) picture of a figure; ``size`` is (width, height), the rest as in show."""
    import pyvista as pv

    wide, high = size
    # Drawn twice as large and averaged: edges are smooth on every driver.
    plotter = pv.Plotter(off_screen=True, window_size=[2 * wide, 2 * high], lighting="none")
    try:
        plotter.renderer.SetBackground(*theme.background)
        scene = FigureScene(plotter.renderer, theme, scale=2.0)
        scene.show(figure, tool, point, direction=direction, helper=helper)
        scene.aim(wide / high, turned_deg)
        plotter.camera_set = True
        image = plotter.screenshot(return_img=True)
        assert image is not None
        fine = np.asarray(image[..., :3], dtype=np.float64)
        mean = fine.reshape(high, 2, wide, 2, 3).mean(axis=(1, 3))
        scene.clear()
        return np.asarray(np.round(mean), dtype=np.uint8)
    finally:
        plotter.close()
