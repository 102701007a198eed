"""Captions are taken only as browsers will show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.gateway import webvtt

GOOD = """WEBVTT - Toán

NOTE of the teacher

1
00:01.000 --> 00:02.500 align:start position:10%
- Chào cô! <b>Hôm nay</b> &lt;3

01:00:00.000 --> 01:00:01.000
<v An>Dạ</v>
"""


def test_good_captions_are_kept() -> None:
    assert webvtt.check("\ufeff" + GOOD.replace("\n", "\r\n") + "\r\n\r\n") == GOOD
    assert webvtt.check("WEBVTT") == "WEBVTT\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("SRT", 1),
        ("WEBVTTx", 1),
        ("WEBVTT\nno empty line", 2),
        ("WEBVTT\n\nSTYLE\n::cue { background: url(x) }", 3),
        ("WEBVTT\n\njust text", 3),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx", 3),
        ("WEBVTT\n\n0:02 --> 0:03\nx", 3),
        ("WEBVTT\n\n00:02.000 --> 00:03.000 onclick:x\nx", 3),
        ("WEBVTT\n\n00:02.000 --> 00:03.000\n<script>x</script>", 4),
        ("WEBVTT\n\n00:02.000 --> 00:03.000\na < b", 4),
        ("WEBVTT\n\n00:02.000 --> 00:03.000\nx\n00:04.000 --> 00:05.000\ny", 5),
        ("WEBVTT\n\n00:02.000 --> 00:03.000\nx\n\n00:01.000 --> 00:05.000\ny", 6),
        ("WEBVTT\n\n00:02.000 --> 00:03.000\nx\0", 4),
        # Exponential for a pattern that can read the dots in several ways.
        ("WEBVTT\n\n00:02.000 --> 00:03.000\n<c" + "." * 5_000 + "!", 4),
        ("WEBVTT\n\n00:02.000 --> 00:03.000\n<c" + ".a-b" * 5_000 + "!", 4),
    ],
)
def test_bad_captions_are_refused_with_their_line(text: str, line: int) -> None:
    with pytest.raises(webvtt.BadCaptions) as refused:
        webvtt.check(text)
    assert refused.value.line == line


def test_a_line_of_blanks_is_kept_as_the_empty_line_it_was_read_as() -> None:
    assert webvtt.check("WEBVTT\n \n00:02.000 --> 00:03.000\nx\n\t\nNOTE y\n") == (
        "WEBVTT\n\n00:02.000 --> 00:03.000\nx\n\nNOTE y\n"
    )


@given(st.text(st.sampled_from("WEBVT\n\r 0123:.-><&abNOTE/v"), max_size=80))
def test_whatever_comes_it_is_taken_or_refused_and_taken_again(text: str) -> None:
    try:
        kept = webvtt.check("WEBVTT\n\n" + text)
    except webvtt.BadCaptions:
        return
    assert webvtt.check(kept) == kept
