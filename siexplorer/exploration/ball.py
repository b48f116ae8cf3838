"""The ball map of the pelvis that is loaded, from the zone records."""

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.geometry.zones import Rules, ZoneMap, evaluate, outline_of
from siexplorer.packs.pack import Pack


class ZoneError(Exception):
    """The zone records or the pack lack what the map needs; the message is one sentence."""


def rules_of(known: Knowledge) -> Rules:
    """The margins of ``annotations/zones.toml``.

    Raises
    ------
    ZoneError
        If a zone or one of its margins is missing.
    """
    try:
        clear = known.zones["gluteal-clear"].margins_mm
        strip = known.zones["piriformis-strip"]
        corridor = known.zones["sciatic-corridor"].margins_mm
        if known.ball is None:
            raise KeyError("ball")
        return Rules(
            contact_radius=known.ball.contact_radius_mm,
            clear_sciatic=clear["sciatic"],
            clear_sacrum=clear["sacrum"],
            clear_psis=clear["psis"],
            clear_crest=clear["crest_below"],
            clear_trochanter=clear["trochanter"],
            clear_tuberosity=clear["tuberosity"],
            strip_half_width=strip.margins_mm["half_width"],
            strip_from=strip.fractions["from"],
            strip_to=strip.fractions["to"],
            sciatic_core=corridor["core"],
            sciatic_caution=corridor["caution"],
            psis_to_sciatic=corridor["psis_to_point"],
            tuberosity_to_sciatic=corridor["tuberosity_to_point"],
            midline_half_width=known.zones["midline"].margins_mm["half_width"],
        )
    except KeyError as error:
        raise ZoneError(
            f"annotations/zones.toml: {error} is missing, so the ball map cannot be drawn."
        ) from None


def zone_map(known: Knowledge, pack: Pack, cell_mm: float = 1.0) -> ZoneMap:
    """The map of this pelvis.

    Raises
    ------
    ZoneError
        If the records or the landmarks it is measured from are missing.
    """
    rules = rules_of(known)
    try:
        outlines = {
            side: outline_of(
                pack.landmarks,
                pack.surfaces[f"{side}-femur"].surface,
                pack.surfaces["sacrum"].surface,
                pack.surfaces["coccyx"].surface,
                side,
                rules,
            )
            for side in ("left", "right")
        }
    except KeyError as error:
        raise ZoneError(
            f"the pack {pack.info.id} has no {error}, so the ball map cannot be drawn."
        ) from None
    return evaluate(outlines, rules, cell_mm)
