"""What stays the same from one picture to the next is kept, and not drawn anew."""

import weakref

from vtkmodules.vtkCommonCore import vtkObject
from vtkmodules.vtkRenderingCore import vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLFramebufferObject, vtkOpenGLRenderWindow

from siexplorer.scene.actors import lamps

COLOUR_AND_DEPTH = 0x4000 | 0x100
"""``GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT``."""

NEAREST = 0x2600
"""``GL_NEAREST``."""

UNSIGNED_CHAR = 3
DEPTH_BITS = {0x81A5: 16, 0x81A6: 24, 0x81A7: 32}
"""By ``GL_DEPTH_COMPONENT16`` and so on: depths are only copied between buffers that are alike."""


def layer_above(window: vtkOpenGLRenderWindow, below: vtkRenderer) -> vtkRenderer:
    """A renderer whose things stand among those of ``below``, hidden by what lies before them."""
    above = vtkRenderer()
    above.SetLayer(1)
    above.InteractiveOff()
    above.PreserveDepthBufferOn()
    above.SetUseOIT(False)
    above.SetActiveCamera(below.GetActiveCamera())
    for light in lamps():
        above.AddLight(light)
    window.SetNumberOfLayers(max(2, window.GetNumberOfLayers()))
    window.AddRenderer(above)
    return above


class Backdrop:
    """Keeps the picture of the renderer ``below``, with its depths, for as long as it would be
    drawn alike; what ``above`` holds is then drawn over the kept one.

    The first picture that is like the last one is drawn in full and kept, so that a model that
    turns costs nothing more. A window with multisampling is drawn in full each time.
    """

    def __init__(
        self, window: vtkOpenGLRenderWindow, below: vtkRenderer, above: vtkRenderer
    ) -> None:
        self.window, self.below = window, below
        self.whole = True
        self._drawn: object = None
        self._kept: object = None
        self._buffer = vtkOpenGLFramebufferObject()
        self._size = (0, 0)
        me = weakref.ref(self)

        def begun(_window: object, _event: str) -> None:
            backdrop = me()
            if backdrop is not None:
                backdrop._begin()

        def drawn(_below: object, _event: str) -> None:
            backdrop = me()
            if backdrop is not None:
                backdrop._keep()

        def laid(_above: object, _event: str) -> None:
            backdrop = me()
            if backdrop is not None and not backdrop.whole:
                backdrop._copy(out=True)

        self._watched: list[tuple[vtkObject, int]] = [
            (window, window.AddObserver("StartEvent", begun)),
            (below, below.AddObserver("EndEvent", drawn)),
            (above, above.AddObserver("StartEvent", laid)),
        ]

    def close(self) -> None:
        """Watch no longer; the window gives the memory back when it goes."""
        for one, observer in self._watched:
            one.RemoveObserver(observer)
        self._watched = []
        self.below.SetDraw(True)

    def _signature(self) -> tuple[object, ...]:
        """What decides how ``below`` looks: it is another one as soon as anything of it changed."""
        props, latest = self.below.GetViewProps(), 0
        props.InitTraversal()
        for _ in range(props.GetNumberOfItems()):
            prop = props.GetNextProp()
            if prop.GetVisibility():
                latest = max(latest, prop.GetRedrawMTime(), _planes_time(prop))
            else:
                latest = max(latest, prop.GetMTime())
        return (
            self.window.GetSize(),
            self.below.GetBackground(),
            self.below.GetActiveCamera().GetMTime(),
            props.GetMTime(),
            latest,
        )

    def _begin(self) -> None:
        now = self._signature()
        # Where the window was given another context, the buffer went with the old one.
        self.whole = now != self._kept or not self._buffer.GetFBOIndex()
        self.below.SetDraw(self.whole)
        if self.whole:
            self._kept = now if now == self._drawn else None
            self._drawn = now

    def _keep(self) -> None:
        """After ``below`` was drawn: keep it where it is likely to be wanted again."""
        if self._kept is not None and not self._copy(out=False):
            self._kept = None

    def _copy(self, *, out: bool) -> bool:
        """Copy what the window draws into to the kept one, or the other way; says if it could."""
        window, buffer = self.window, self._buffer
        drawn, (width, height) = window.GetRenderFramebuffer(), window.GetSize()
        state = window.GetState()
        state.PushFramebufferBindings()
        try:
            if self._size != (width, height) or not buffer.GetFBOIndex():
                self._size = (0, 0)
                bits = DEPTH_BITS.get(_depth_format(drawn))
                if bits is None or drawn.GetMultiSamples():
                    return False
                buffer.SetContext(window)
                made = buffer.PopulateFramebuffer(
                    width, height, True, 1, UNSIGNED_CHAR, True, bits, 0
                )
                if not made or _depth_format(buffer) != _depth_format(drawn):
                    return False
                self._size = width, height
            source, target = (buffer, drawn) if out else (drawn, buffer)
            source.Bind(source.GetReadMode())
            source.ActivateReadBuffer(0)
            target.Bind(target.GetDrawMode())
            target.ActivateDrawBuffer(0)
            whole = (0, width, 0, height)
            buffer.Blit(whole, whole, COLOUR_AND_DEPTH, NEAREST)
        finally:
            state.PopFramebufferBindings()
        return True


def _depth_format(buffer: vtkOpenGLFramebufferObject) -> int:
    """How a buffer holds depths, as OpenGL numbers it; 0 where it has none to be read."""
    depths = buffer.GetDepthAttachmentAsTextureObject()
    return 0 if depths is None else int(depths.GetInternalFormat(depths.GetVTKDataType(), 1, False))


def _planes_time(prop: object) -> int:
    """When a plane that cuts an actor was last moved: its mapper does not tell."""
    mapper = getattr(prop, "GetMapper", lambda: None)()
    planes = mapper.GetClippingPlanes() if mapper is not None else None
    return max((plane.GetMTime() for plane in planes), default=0) if planes is not None else 0
