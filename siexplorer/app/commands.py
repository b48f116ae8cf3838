"""The commands that choose how much of the body is shown, how it is cut, and how it moves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from siexplorer.app.actions import Spec
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.looks import PRESETS
from siexplorer.exploration.sections import PLANES
from siexplorer.exploration.state import SKINS, State

if TYPE_CHECKING:
    from PySide6.QtWidgets import QComboBox

    from siexplorer.app.ball import BallPanel
    from siexplorer.app.own import OwnMesh
    from siexplorer.app.timeline import TimelinePanel

MENU = "&Body"
MOVEMENT = "M&ovement"
BALL_MENU = "Ba&ll"
CORRECT_MENU = "&Edit"


def look_specs(do: Exploration) -> list[Spec]:
    """Looks, depth, body, painted areas and the cut, each with its key."""

    def other_skin() -> None:
        do.set_skin(SKINS[1 - SKINS.index(do.state.skin)])

    def cut() -> None:
        do.set_section(None if do.state.section else "axial")

    return [
        *(
            Spec(
                f"look-{preset.id}",
                MENU,
                preset.id.replace("-", " ").capitalize(),
                partial(do.set_preset, preset.id),
                (f"Ctrl+{number}",),
            )
            for number, preset in enumerate(PRESETS, start=1)
        ),
        Spec("deeper", MENU, "One layer deeper", partial(do.step_depth, 1), ("]",)),
        Spec("shallower", MENU, "One layer further out", partial(do.step_depth, -1), ("[",)),
        Spec("other-skin", MENU, "The other body (female or male)", other_skin, ("K",)),
        Spec(
            "attachments",
            MENU,
            "Attachment areas",
            lambda: do.set_attachments(shown=not do.state.attachments),
            ("A",),
            "attachments",
            checkable=True,
            tip="Paint on the bones where every muscle begins and ends",
        ),
        Spec(
            "referral",
            MENU,
            "Referral areas",
            lambda: do.set_referral(shown=not do.state.referral),
            ("R",),
            "referral",
            checkable=True,
            tip="Show on the skin where pain from the selected is reported",
        ),
        Spec(
            "cut",
            MENU,
            "Cut through",
            cut,
            ("C",),
            "cut",
            checkable=True,
            tip="Cut the body along a plane and look inside",
        ),
        *(
            Spec(
                f"cut-{plane}",
                MENU,
                f"{plane.capitalize()} cut",
                partial(do.set_section, plane),
                (f"Alt+{number}",),
            )
            for number, plane in enumerate(PLANES, start=1)
        ),
        Spec("cut-flip", MENU, "Cut: the other side", do.flip_section, ("Shift+C",)),
        Spec("cut-further", MENU, "Cut: 5 mm on", partial(move, do, 5.0), (".",)),
        Spec("cut-back", MENU, "Cut: 5 mm back", partial(move, do, -5.0), (",",)),
    ]


def movement_specs(do: Exploration, player: TimelinePanel) -> list[Spec]:
    """Play, step, magnify, the lesson and the comparison, each with its key."""
    return [
        Spec("play", MOVEMENT, "Play or pause", player.toggle, ("Space",), "play"),
        Spec("step-on", MOVEMENT, "One step on", partial(player.step, 1), ("Ctrl+Right",)),
        Spec("step-back", MOVEMENT, "One step back", partial(player.step, -1), ("Ctrl+Left",)),
        Spec("loop", MOVEMENT, "Play again and again", player.loop.toggle, ("L",), checkable=True),
        Spec("faster", MOVEMENT, "Faster", partial(player.faster, 1), (">",)),
        Spec("slower", MOVEMENT, "Slower", partial(player.faster, -1), ("<",)),
        Spec("true-scale", MOVEMENT, "True scale", player.show_true_scale, ("T",)),
        Spec(
            "next-step",
            MOVEMENT,
            "Next step of the lesson",
            partial(player.lesson.go, 1),
            ("PgDown",),
        ),
        Spec(
            "previous-step",
            MOVEMENT,
            "Previous step of the lesson",
            partial(player.lesson.go, -1),
            ("PgUp",),
        ),
        Spec("this-step", MOVEMENT, "Show this step again", player.lesson.show_again, ("Home",)),
        Spec(
            "compare", MOVEMENT, "Compare with what belongs to it", player.compare_nearest, ("D",)
        ),
        Spec(
            "compare-true",
            MOVEMENT,
            "Compare with its true size",
            player.compare_true_size,
            ("Alt+D",),
        ),
        Spec(
            "compare-end", MOVEMENT, "End the comparison", partial(do.compare, None), ("Shift+D",)
        ),
    ]


def ball_specs(do: Exploration, panel: BallPanel) -> list[Spec]:
    """What is done with the tool on the skin, each with its key."""

    def next_of(box: QComboBox, choose: Callable[[str], None]) -> None:
        if box.count():
            choose(box.itemData((box.currentIndex() + 1) % box.count()))

    return [
        Spec("ball-walk", BALL_MENU, "Walk to a better place", panel.walk_to_better, ("W",)),
        Spec("ball-over", BALL_MENU, "Put it over the selected", panel.put_over, ("O",)),
        Spec(
            "ball-reach",
            BALL_MENU,
            "From where the selected is reached",
            lambda: do.set_reach(shown=not do.state.reach),
            ("Shift+W",),
            checkable=True,
        ),
        Spec(
            "ball-tool",
            BALL_MENU,
            "Next tool",
            lambda: next_of(panel.tool, do.set_tool),
            ("Shift+T",),
        ),
        Spec(
            "ball-position",
            BALL_MENU,
            "Next position of the body",
            lambda: next_of(panel.position, do.set_position),
            ("Shift+P",),
        ),
        Spec("ball-map", BALL_MENU, "About the map", panel.whole.click, ("Shift+M",)),
    ]


def correct_specs(own: OwnMesh) -> list[Spec]:
    """Landmarks of a mesh of one's own put right, each with its key."""
    return [
        Spec(
            "correct",
            CORRECT_MENU,
            "Correct this landmark",
            own.correct,
            ("J",),
            checkable=True,
            tip="Put the selected landmark of your own mesh right by hand",
        ),
        Spec(
            "correct-back",
            CORRECT_MENU,
            "Back to where it was found",
            own.back,
            ("Shift+J",),
            tip="Put the selected landmark back to where the program had found it",
        ),
        Spec("corrections-save", CORRECT_MENU, "Save corrections…", own.save),
        Spec("corrections-read", CORRECT_MENU, "Read corrections…", own.read),
    ]


BALL = ("ball-walk", "ball-over", "ball-reach", "ball-tool", "ball-position", "ball-map")
"""The commands of the ball mode."""

MOVING = ("play", "step-on", "step-back", "true-scale", "compare", "compare-true")
"""The commands that need a movement."""

LESSON = ("next-step", "previous-step", "this-step")

KEYS_IN_VIEW = ("play", *LESSON)
"""Their keys mean something else in lists, texts and sliders, so they hold in the model alone."""


def move(do: Exploration, by_mm: float) -> None:
    """Move the cut, if there is one."""
    if do.state.section is not None:
        do.move_section(at_mm=do.state.section.at_mm + by_mm)


def checks_of(state: State) -> dict[str, bool]:
    """Which of these commands are ticked."""
    return {
        "attachments": state.attachments,
        "referral": state.referral,
        "cut": state.section is not None,
        "ball-reach": state.reach,
    }
