"""The pictures of the docs: one of each page, each shown, with words for who cannot see it."""

import re
from pathlib import Path

from tests.pages.screenshots import PICTURES, SHOWN, name

ROOT = Path(__file__).parents[2]
_PICTURE = re.compile(r"!\[([^\]]*)\]\((?:docs/)?screenshots/([^)]+)\)")


def test_each_page_has_a_picture_that_is_shown_in_words_too() -> None:
    texts = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    shown = [found for text in texts for found in _PICTURE.findall(text.read_text())]
    assert {picture for _, picture in shown} == {name(path) for _, _, path in SHOWN}
    assert {file.name for file in PICTURES.iterdir()} == {name(path) for _, _, path in SHOWN}
    assert all(len(words) > 10 for words, _ in shown)
