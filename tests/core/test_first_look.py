"""The first look: every picture there, drawn, and shown on a page that stands by itself."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from siexplorer.anatomy.knowledge import Knowledge
from siexplorer.packs.pack import Pack
from siexplorer.scene.gl import draw_without_display, missing_gl

pytestmark = pytest.mark.skipif(missing_gl() is not None, reason="this machine cannot draw")

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """Tags with their attributes, and whether every one is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words += data

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def look(known: Knowledge, pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first look with small pictures, drawn once."""
    draw_without_display()
    from siexplorer.scene import first_look

    folder = tmp_path_factory.mktemp("look")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(first_look, "SIZE", (320, 240))
        assert first_look.draw_first_look(folder, known, pack) == folder / "index.html"
    return folder


@pytest.fixture(scope="module")
def page(look: Path) -> Page:
    return Page((look / "index.html").read_text("utf-8"))


def pixels(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_all_pictures_are_there_drawn_and_different(look):
    from siexplorer.scene.first_look import PICTURES

    assert {path.name for path in look.iterdir()} == {*PICTURES, "index.html"}
    assert len(PICTURES) == 16
    images = [pixels(look / name) for name in PICTURES]
    for image in images:
        assert image.shape == (240, 320, 3)
        corner = image[120, 2]
        assert (np.abs(image - corner).max(axis=2) > 40).mean() > 0.08
    assert len({image.tobytes() for image in images}) == len(images)


def test_the_page_shows_every_picture_with_words_for_it(page, look):
    shown = {image["src"]: image["alt"] for image in page.every("img")}
    assert set(shown) == {path.name for path in look.glob("*.png")}
    assert all(shown.values())
    assert page.open == []


def test_the_page_needs_nothing_from_elsewhere(page, look):
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    linked = [a["href"] for a in page.every("a")] + [i["src"] for i in page.every("img")]
    assert all((look / name).is_file() for name in linked)
    style = (look / "index.html").read_text("utf-8")
    assert "@import" not in style
    assert "url(http" not in style
    assert "prefers-color-scheme: dark" in style


def test_the_page_says_what_is_true(page, known):
    assert known.entries["left-psis"].lay_name in page.words
    assert "Shown x5. True: 2.0 deg, joint shift 0.7 mm." in page.words
    assert known.say("education_footer") in page.words
    for state in ("dots", "stripes", "crosses"):
        assert f"({state})" in page.words
    assert "{" not in page.words


def test_what_cannot_be_drawn_is_said_and_the_rest_is_drawn(tmp_path, known, pack):
    from siexplorer.scene import first_look

    bare = Pack(pack.info, pack.surfaces, {}, {}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(first_look, "SIZE", (160, 120))
        page = Page(first_look.draw_first_look(tmp_path, known, bare).read_text("utf-8"))
    assert len(page.every("img")) == 12
    assert page.words.count("could not be drawn") == 3
