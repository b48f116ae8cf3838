"""What is shown together: the depths that can be peeled off, and the ready-made looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from siexplorer.anatomy.records import Entry, Landmark, Layer, Skin, Structure, View
from siexplorer.exploration.catalog import Item
from siexplorer.exploration.state import SkinKind

DEPTHS: tuple[Layer, ...] = ("skin", "superficial", "middle", "deep", "ligament", "bone")
"""From the outside in: what the depth slider takes away in turn."""

Items = Mapping[str, Item]


@dataclass(frozen=True, slots=True)
class Look:
    """The entries that are away, and those that are seen through."""

    hidden: frozenset[str]
    faded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready-made look: whole layers, and what else has one of ``words`` in its id.

    ``skin`` says whether the body is away, seen through, or whole. With a ``view`` it is also
    looked at from there.
    """

    id: str
    layers: tuple[Layer, ...]
    words: tuple[str, ...] = ()
    skin: str = "away"
    view: View | None = None


BODY = Preset("body-and-bones", ("bone",), ("disc", "symphysis", "cartilage"), "faded", "back")
PRESETS: tuple[Preset, ...] = (
    BODY,
    Preset("skin", DEPTHS, skin="whole"),
    Preset("superficial-muscles", DEPTHS[1:]),
    Preset(
        "deep-rotators",
        ("bone",),
        (
            "disc",
            "cartilage",
            "symphysis",
            "piriformis",
            "gemell",
            "obturator-int",
            "quadratus-femoris",
            "gluteus-minimus",
            "sciatic-nerve",
            "superior-gluteal",
        ),
        view="back",
    ),
    Preset(
        "front-of-hip",
        ("bone",),
        (
            "disc",
            "cartilage",
            "symphysis",
            "iliacus",
            "psoas",
            "tensor",
            "iliotibial",
            "femoral-nerve",
            "femoral-artery",
            "femoral-vein",
            "femoral-cutaneous",
            "iliac-artery",
            "iliac-vein",
            "inguinal",
        ),
        view="front",
    ),
    Preset("ligaments", DEPTHS[4:]),
    Preset("bones", DEPTHS[5:]),
)


def layer_of(entry: Entry) -> Layer:
    """How deep an entry lies; marks go with the bones."""
    return entry.layer if isinstance(entry, Structure) else "bone"


def skins(items: Items) -> frozenset[str]:
    """The skins there are."""
    return frozenset(n for n, item in items.items() if isinstance(item.entry, Skin))


def spare_skins(items: Items, skin: SkinKind) -> frozenset[str]:
    """The skins that are not the chosen one; with a single skin there is nothing to choose."""
    found = skins(items)
    chosen = {name for name in found if name.endswith(f"-{skin}")}
    return found - chosen if chosen else frozenset()


def look_of(items: Items, preset: Preset, skin: SkinKind) -> Look:
    """What a ready-made look hides and fades among these items."""
    hidden = set()
    for name, item in items.items():
        bare = name.removeprefix("left-").removeprefix("right-")
        if isinstance(item.entry, Skin):
            shown = preset.skin != "away"
        elif isinstance(item.entry, Landmark):
            shown = True
        else:
            named = any(word in bare for word in preset.words)
            shown = layer_of(item.entry) in preset.layers or named
        if not shown:
            hidden.add(name)
    faded = skins(items) if preset.skin == "faded" else frozenset[str]()
    return Look(frozenset(hidden) | spare_skins(items, skin), faded)


def depths_of(items: Items) -> tuple[Layer, ...]:
    """The depths at which there is anything, from the outside in."""
    there = {
        layer_of(item.entry) for item in items.values() if not isinstance(item.entry, Landmark)
    }
    return tuple(depth for depth in DEPTHS if depth in there)


def look_at_depth(items: Items, depth: Layer, skin: SkinKind) -> Look:
    """That layer and everything below it, nothing faded."""
    left = DEPTHS[DEPTHS.index(depth) :]
    away = {name for name, item in items.items() if layer_of(item.entry) not in left}
    return Look(frozenset(away) | spare_skins(items, skin))


def depth_of(items: Items, look: Look, skin: SkinKind) -> Layer | None:
    """The depth that a look is, or None where a person arranged it otherwise."""
    for depth in depths_of(items):
        if look_at_depth(items, depth, skin) == look:
            return depth
    return None


def preset_of(items: Items, look: Look, skin: SkinKind) -> Preset | None:
    """The ready-made look that this is, or None."""
    return next((one for one in PRESETS if look_of(items, one, skin) == look), None)


def worn(items: Items, way: Preset | Layer, skin: SkinKind) -> Look:
    """What a ready-made look, or a depth, hides and fades among these items."""
    if isinstance(way, Preset):
        return look_of(items, way, skin)
    return look_at_depth(items, way, skin)


def apart(one: Look, other: Look) -> frozenset[str]:
    """What two looks hide or fade differently."""
    return (one.hidden ^ other.hidden) | (one.faded ^ other.faded)


def nearest_way(items: Items, look: Look, skin: SkinKind) -> Preset | Layer:
    """The ready-made look, or else the depth, that comes nearest to what is shown."""
    ways: list[Preset | Layer] = [*PRESETS, *depths_of(items)]
    return min(ways, key=lambda way: len(apart(worn(items, way, skin), look)))


def preset_called(name: str) -> Preset:
    """The ready-made look of an id.

    Raises
    ------
    KeyError
        If there is none.
    """
    for preset in PRESETS:
        if preset.id == name:
            return preset
    raise KeyError(name)


def look_key(name: str) -> str:
    """The key of the sentence in ``interface.toml`` that names a ready-made look."""
    return f"look_{name.replace('-', '_')}"
