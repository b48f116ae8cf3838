"""The commands that choose how much of the body is shown, and how it is cut."""

from functools import partial

from siexplorer.app.actions import Spec
from siexplorer.exploration.exploration import Exploration
from siexplorer.exploration.looks import PRESETS
from siexplorer.exploration.sections import PLANES
from siexplorer.exploration.state import SKINS, State

MENU = "&Body"


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
    }
