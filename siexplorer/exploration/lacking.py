"""What another pelvis than the built-in one cannot show, in sentences."""

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Ligament, Movement, Muscle, Nerve
from siexplorer.exploration.ball import places_of
from siexplorer.exploration.moving import joints_of, pose
from siexplorer.exploration.state import SKINS
from siexplorer.packs.pack import BUILT_IN, Pack

MOMENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""When a movement is asked whether it can be shown (design)."""


def lacking(known: Knowledge, pack: Pack) -> list[str]:
    """One sentence for each thing that is not shown on this pelvis; none for the built-in one."""
    if pack.info.id == BUILT_IN:
        return []
    found = list(pack.info.lacks)
    shown = {type(known.entries.get(one.info.entry)) for one in pack.surfaces.values()}
    soft = {Muscle: "muscles", Ligament: "ligaments", Nerve: "nerves"}
    gone = [word for kind, word in soft.items() if kind not in shown]
    if gone:
        found.append(known.say("lacks_soft", what=_listed(gone)))
    reason = _no_movement(pack)
    if reason:
        found.append(known.say("lacks_movement", what=reason))
    else:
        names = [one.name for one in known.movements.values() if not _runs(pack, one)]
        if names:
            found.append(known.say("lacks_ends", what=_listed([f"“{name}”" for name in names])))
    reason = _no_map(known, pack)
    if reason:
        found.append(known.say("lacks_map", what=reason))
    return found


def _no_movement(pack: Pack) -> str:
    try:
        joints_of(pack)
    except KeyError as error:
        return str(error.args[0])
    return ""


def _runs(pack: Pack, movement: Movement) -> bool:
    """Whether a movement stays within what was ever measured, on joints of this size."""
    try:
        for moment in MOMENTS:
            pose(pack, movement, moment, 1.0)
    except (ValueError, KeyError):
        return False
    return True


def _no_map(known: Knowledge, pack: Pack) -> str:
    if not any(f"skin-{skin}" in pack.surfaces for skin in SKINS):
        return "skin"
    try:
        places_of(known, pack, None)
    except KeyError as error:
        return str(error.args[0])
    return ""


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
