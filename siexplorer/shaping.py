"""``siexplorer shape``, and ``--shape`` of other commands: the built-in pelvis in other shapes."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from siexplorer.printing import DONE, FAILED, Refusal, print_json, print_table

if TYPE_CHECKING:
    from siexplorer.anatomy.knowledge import Knowledge
    from siexplorer.exploration.exploration import Exploration
    from siexplorer.packs.pack import Pack

SHAPE = "SIEXPLORER_SHAPE"
"""The variable that carries the weights of ``--shape`` to where the pack is read."""

COMMANDS = ("snapshot", "export", "pose", "show", "zones", "ball", "beneath")
"""Which commands take ``--shape``."""

EPILOGUE = (
    "26 people's CT scans; soft tissue is carried over. The model does not say which of them were "
    "women or men."
)


@contextmanager
def chosen_shape(words: list[str]) -> Iterator[None]:
    """Take “--shape W1 W2 …” out of the words, and let the pack be in that shape meanwhile."""
    if "--shape" not in words:
        yield
        return
    first = words.index("--shape")
    last = first + 1
    while last < len(words) and _is_number(words[last]):
        last += 1
    weights = [float(word) for word in words[first + 1 : last]]
    del words[first:last]
    if not words or words[0] not in COMMANDS:
        raise Refusal(f"--shape goes with {', '.join(COMMANDS[:-1])} and {COMMANDS[-1]}.")
    if not weights:
        raise Refusal("--shape wants weights in standard deviations, such as --shape 1 -0.5.")
    _check(weights)
    os.environ[SHAPE] = " ".join(f"{weight:g}" for weight in weights)
    try:
        yield
    finally:
        os.environ.pop(SHAPE, None)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _check(weights: list[float]) -> None:
    from siexplorer.exploration.shaping import fault_of

    fault = fault_of(weights)
    if fault:
        raise Refusal(f"There is no such shape: {fault}.")


def wanted() -> tuple[float, ...]:
    """The weights that were asked for, or none."""
    from siexplorer.exploration.shaping import tidy

    return tidy([float(word) for word in os.environ.get(SHAPE, "").split()])


def in_shape(exploration: "Exploration") -> None:
    """Give an exploration the shape that was asked for, with all that belongs to it."""
    shape = wanted()
    if not shape:
        return
    try:
        exploration.set_shape(shape)
    except ValueError as error:
        raise Refusal(f"--shape: {error}; leave --pack or --shape out.") from None
    exploration.settle()
    if exploration.state.mode == "move":
        exploration.make_movable()


def pack_in_shape(known: "Knowledge", pack: "Pack", *, moves: bool = False) -> "Pack":
    """The pack in the shape that was asked for; where it ``moves``, with the room in its joints."""
    if not wanted():
        return pack
    from siexplorer.exploration.exploration import Exploration

    exploration = Exploration(known, pack)
    in_shape(exploration)
    if moves:
        exploration.make_movable()
    assert exploration.pack is not None
    return exploration.pack


def shape_record(known: "Knowledge", pack: "Pack", weights: list[float]) -> dict[str, Any]:
    """Distances and angles of a shape, and what of the body does not hold on it."""
    from siexplorer.exploration.ball_checks import zones_on_any
    from siexplorer.exploration.shaping import figures, made_exact, shaped, shapes_of, tidy
    from siexplorer.packs.carried import carried_faults

    shape = tidy(weights)
    shares = shapes_of(pack).model.variance_shares
    body = shaped(pack, shape)
    body = made_exact(pack, shape, body) if shape else body
    return {
        "weights_sd": [*weights],
        "variance_percent": [round(100 * float(shares[k]), 1) for k in range(len(weights))],
        "measures": {
            name: None if value != value else round(value, 1)
            for name, value in figures(body).items()
        },
        "faults": [*carried_faults(body), *zones_on_any(known, body)],
        "says": EPILOGUE,
    }


def shape_command(
    read_known: Callable[[], "Knowledge"], read: Callable[[], "Pack"]
) -> Callable[..., int]:
    """The command, which gets what is known and the built-in pack from these."""

    def shape(*, weights: list[float], json: bool = False) -> int:
        """Measure the pelvis in another shape of its model, and the body carried over to it.

        Parameters
        ----------
        weights
            How far along each of the first five modes, in standard deviations from the mean, -2 to
            2; all together no further than 95 of 100 people are.
        json
            Print JSON: weights, the share of how people differ that each mode explains, distances
            in mm, angles in degrees, and what of the body does not hold on this shape.
        """
        from siexplorer.exploration.shaping import can_be_shaped

        _check(weights)
        pack = read()
        if not can_be_shaped(pack):
            raise Refusal("Only the built-in pelvis has a shape model; leave --pack out.")
        found = shape_record(read_known(), pack, weights)
        if json:
            print_json(found)
            return FAILED if found["faults"] else DONE
        rows = [
            (name.rsplit("_", 1)[0].replace("_", " "), "–" if value is None else f"{value:g}", unit)
            for name, value in found["measures"].items()
            for unit in ["degrees" if name.endswith("_deg") else "mm"]
        ]
        print_table(rows, right=(1,))
        for fault in found["faults"]:
            print(f"- {fault}")
        print(f"\n{EPILOGUE}")
        return FAILED if found["faults"] else DONE

    return shape
