"""The pure parts: layout, lines of chat, sound without gaps, slots, stages, details, reports."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from recorder.control import RecordedFile
from recorder.jobs import chat, layout, report, request, slots, sound, wrap
from recorder.jobs.export import stages_of
from recorder.jobs.layout import Box
from recorder.jobs.manners import share_of
from recorder.jobs.report import Done, Failed, JobError, Progress
from recorder.jobs.request import BadDetails, ChatLine, ExportDetails, Stage
from recorder.jobs.space import SpaceGuard

sides = st.integers(1, 9000)


@given(sides, sides, st.booleans())
def test_everything_has_its_place(width, height, with_chat):
    plan = layout.plan(width, height, chat=with_chat)
    assert (plan.width, plan.height) in layout.SIZES
    boxes = [plan.main, plan.inset, *([plan.chat] if plan.chat else [])]
    for box in [*boxes, layout.fit(width, height, plan.main), layout.fit(width, height, plan.inset)]:
        assert all(side % 2 == 0 for side in box)
        assert box.width > 0
        assert box.height > 0
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= plan.width
        assert box.bottom <= plan.height
    if plan.chat is not None:
        assert plan.main.right <= plan.inset.x
        assert plan.inset.bottom == plan.chat.y


@given(st.integers(100, 4000), st.integers(100, 4000))
def test_shape_is_kept(width, height):
    place = layout.fit(width, height, Box(0, 0, 1920, 1080))
    assert place.width == 1920 or place.height == 1080
    assert abs(place.width * height - place.height * width) <= 2 * max(width, height)


@given(st.text(max_size=300), st.integers(1, 40))
def test_no_line_is_too_wide_and_no_letter_is_lost(text, width):
    plain = wrap.plain(text)
    found = wrap.lines(plain, width, len)
    assert all(len(line) <= width for line in found)
    assert "".join(found).replace(" ", "") == plain.replace(" ", "")
    assert all(unicodedata.category(c) not in ("Cc", "Cf") for c in plain)


def test_every_vietnamese_letter_is_in_both_fonts():
    letters = "aăâeêioôơuưyđ"
    marks = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
    every = {unicodedata.normalize("NFC", letter + mark) for letter in letters for mark in marks} - {
        unicodedata.normalize("NFC", "đ" + mark) for mark in marks[1:]
    }
    every |= {letter.upper() for letter in every}
    assert len(every) == 2 * (12 * 6 + 1)
    for name in ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"):
        font = ImageFont.truetype(str(chat._FONTS / name), 40)
        missing = bytes(font.getmask("\uffff"))
        for letter in every:
            assert len(letter) == 1
            assert bytes(font.getmask(letter)) != missing, letter


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 3000)), max_size=30))
def test_sound_has_no_gap_and_stays_at_its_place(pieces):
    line = sound.Line()
    written = 0
    for at, length in pieces:
        samples = np.full((2, length), 0.5, np.float32)
        before = line.position
        written += sum(piece.shape[1] for piece in line.place(at, samples))
        assert line.position == written
        # Its end is where it belongs, but for what is within the tolerance, or already over.
        assert line.position == before or abs(line.position - (at + length)) <= 960 or at + length < before
    written += sum(piece.shape[1] for piece in line.until(20_000))
    assert written == max(20_000, line.position)


@given(
    st.integers(0, 1000), st.integers(0, 30), st.lists(st.one_of(st.none(), st.floats(0, 1e5)), max_size=5)
)
def test_slots_go_on_and_nothing_is_late(slot, ago, coming):
    last = slot - ago
    found = slots.next_slot(slot, last, coming)
    assert found > slot
    assert found <= max(slot + 1, last + slots.AT_LEAST_EVERY)
    for ms in coming:
        if ms is not None and found > slot + 1:
            assert ms >= slots.shows_until(found - 1) - 1e-6


def test_screens_by_their_files():
    def screen(start, duration):
        return RecordedFile("s", "share", "video/webm", start, duration, 0, source="screen")

    found = stages_of([screen(1000, 5000), screen(4000, 4000), screen(9000, 500)])
    assert found == (Stage(1000, True), Stage(8000, False), Stage(9000, True), Stage(9500, False))
    assert stages_of([screen(0, 1000), screen(1000, 1000)])[0] == Stage(0, True)


def test_details_are_packed_and_read_within_limits(monkeypatch):
    details = ExportDetails("t", (Stage(5, True),), (ChatLine(1, "Hồng", "Dạ"),))
    assert request.unpack(request.pack(details)) == details
    assert request.unpack(b"") == ExportDetails()
    for bad in (b"x", request.pack(details)[:-3], request.pack(details)[:5]):
        with pytest.raises(BadDetails):
            request.unpack(bad)
    monkeypatch.setattr(request, "MAX_DETAILS", 100)
    with pytest.raises(BadDetails):
        request.unpack(request.pack(ExportDetails("t" * 1000)))


@given(st.binary(max_size=60))
def test_lines_that_are_none_are_passed_over(line):
    found = report.parse(line)
    assert found is None or isinstance(found, Progress | Done | Failed)


def test_progress_grows_in_steps():
    told = []
    teller = report.Teller(told.append, 0.1)
    for value in (0.05, 0.1, 0.15, 0.1, 0.5, 0.3, 2.0):
        teller(value)
    assert told == [0.1, 0.5, 1.0]


def test_space_is_looked_at_once_a_second(tmp_path):
    now, free = [0.0], [1 << 30]
    guard = SpaceGuard(tmp_path, free=lambda _: free[0], clock=lambda: now[0])
    guard.check()
    free[0] = 100 << 20
    guard.check()
    now[0] = 1.5
    with pytest.raises(JobError) as raised:
        guard.check()
    assert raised.value.failed.code == "disk_full"


def test_half_of_the_cores_are_never_touched():
    assert share_of({0}) == {0}
    assert share_of({0, 1}) == {1}
    assert share_of({2, 3, 5}) == {3, 5}
    assert share_of(set(range(8))) == {4, 5, 6, 7}
