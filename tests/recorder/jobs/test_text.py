"""The text of stills: read by the real tesseract where it is installed."""

import msgspec
import pytest
from PIL import Image, ImageDraw, ImageFont

from recorder.control import RecordedFile
from recorder.jobs import chat, text
from recorder.jobs.text import StillText, read_stills
from recorder.manifest import Manifest


def still(path, *lines):
    font = ImageFont.truetype(str(chat._FONTS / "NotoSans-Regular.ttf"), 34)
    image = Image.new("RGB", (1000, 60 + 60 * len(lines)), "white")
    for index, line in enumerate(lines):
        ImageDraw.Draw(image).text((40, 30 + 60 * index), line, font=font, fill="black")
    image.save(path)


def entry(name, at):
    return RecordedFile(name, "still", "image/webp", at, 0, 0, share="s")


def test_words_are_found_and_what_is_no_picture_is_passed_over(tmp_path):
    binary = text.command()
    if binary is None or "vie" not in text.languages(binary):
        pytest.skip("tesseract with Vietnamese is not installed (tesseract-ocr, tesseract-ocr-vie)")
    still(tmp_path / "a.webp", "Định lý Pythagore: bình phương cạnh huyền", "Right triangle")
    still(tmp_path / "blank.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    files = (entry("broken.png", 9), entry("a.webp", 7), entry("blank.png", 8), entry("gone.png", 3))
    told = []
    read_stills(
        tmp_path, Manifest("r", "l", 0, files=files), tmp_path / "out", tell=told.append, check=lambda: None
    )
    (found,) = msgspec.json.decode((tmp_path / "out").read_bytes(), type=list[StillText])
    assert (found.at_ms, found.share, found.name) == (7, "s", "a.webp")
    assert "cạnh huyền" in found.text
    assert "triangle" in found.text
    assert told[-1] == 1.0


def test_without_tesseract_there_is_no_text(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "command", lambda: None)
    read_stills(
        tmp_path, Manifest("r", "l", 0, files=(entry("a", 1),)), tmp_path / "out", tell=print, check=print
    )
    assert (tmp_path / "out").read_bytes() == b"[]"


def test_rubbish_is_left_out():
    assert text.tidy("  Bài  1 \n\n ~ — |\nx = 2\x0c") == "Bài 1\nx = 2"
