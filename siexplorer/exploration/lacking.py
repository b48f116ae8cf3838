"""What another pelvis than the built-in one cannot show, in sentences."""

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.anatomy.records import Ligament, Muscle, Nerve
from siexplorer.exploration.ball import places_of
from siexplorer.exploration.moving import joints_of
from siexplorer.exploration.state import SKINS
from siexplorer.packs.pack import BUILT_IN, Pack


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
