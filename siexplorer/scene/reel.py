"""When an exported movement shows what: the moments of it, in which order, and for how long."""

from dataclasses import dataclass

from siexplorer.anatomy.records import Movement
from siexplorer.exploration.moving import PAUSE_AT_END_S


@dataclass(frozen=True, slots=True)
class Reel:
    """One run of a movement, to be repeated without a jump.

    ``moments`` (0..1) are drawn once each; ``order`` is which of them every picture shows, and
    ``seconds`` how long it stays.
    """

    moments: tuple[float, ...]
    order: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def length_s(self) -> float:
        """How long one run takes."""
        return sum(self.seconds)


def reel(movement: Movement, *, fps: float | None = None, frames: int | None = None) -> Reel:
    """A movement cut into pictures: round once where it is a cycle, there and back otherwise.

    ``frames`` is how many pictures show it from its start to its end, and goes before ``fps``.

    Raises
    ------
    ValueError
        If neither is given, or either makes fewer than two pictures.
    """
    if frames is None:
        if fps is None:
            raise ValueError("neither frames nor fps")
        frames = round(movement.duration_s * fps) + (0 if movement.cycle else 1)
    if frames < 2:
        raise ValueError(f"{frames} pictures are no movement")
    if movement.cycle:
        each = movement.duration_s / frames
        return Reel(
            tuple(number / frames for number in range(frames)),
            tuple(range(frames)),
            (each,) * frames,
        )
    last = frames - 1
    each = movement.duration_s / last
    order = (*range(last), last, *range(last - 1, 0, -1))
    return Reel(
        tuple(number / last for number in range(frames)),
        order,
        tuple(each + PAUSE_AT_END_S if number in (0, last) else each for number in order),
    )
