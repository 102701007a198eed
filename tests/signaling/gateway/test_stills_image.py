"""What an upload is, by its header alone."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.gateway.stills_image import MAX_PIXELS, MAX_SIDE, BadImage, read_image
from tests.signaling.gateway.pictures import bands, extended_webp, lossless_webp, lossy_webp, png

SIDES = st.integers(1, 300)
GOOD = (png(7, 5), lossless_webp(7, 5), lossy_webp(7, 5), extended_webp(7, 5))
BANDS = bands(7, 5)


@given(SIDES, SIDES)
def test_sizes_are_read(width: int, height: int) -> None:
    for make, kind in (
        (png, "image/png"),
        (lossless_webp, "image/webp"),
        (lossy_webp, "image/webp"),
        (extended_webp, "image/webp"),
        (bands, "image/vnd.classroom.bands"),
    ):
        image = read_image(make(width, height))
        assert (image.width, image.height, image.mime_type) == (width, height, kind)


@pytest.mark.parametrize(
    "data",
    [
        bands(MAX_SIDE + 1, 1),
        bands(0, 5),
        lossless_webp(MAX_SIDE + 1, 1),
        lossless_webp(MAX_SIDE, MAX_PIXELS // MAX_SIDE + 1),
    ],
)
def test_too_many_pixels_are_refused(data: bytes) -> None:
    with pytest.raises(BadImage) as caught:
        read_image(data)
    assert caught.value.code == "invalid"


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff\xe0" + bytes(99)]
)
def test_other_kinds_are_refused(data: bytes) -> None:
    with pytest.raises(BadImage) as caught:
        read_image(data)
    assert caught.value.code == "unsupported_media_type"


@pytest.mark.parametrize("data", GOOD)
def test_what_is_cut_or_longer_than_it_says_is_refused(data: bytes) -> None:
    for wrong in (data[:-1], data[: len(data) // 2], data + b"<script>"):
        with pytest.raises(BadImage):
            read_image(wrong)


def test_what_moves_or_cannot_be_is_refused() -> None:
    for data in (extended_webp(7, 5, flags=2), png(7, 5)[:25] + b"\x05" + png(7, 5)[26:], lossy_webp(0, 5)):
        with pytest.raises(BadImage):
            read_image(data)


@given(st.sampled_from((*GOOD, BANDS)), st.data())
def test_any_bytes_are_a_picture_or_refused(good: bytes, data: st.DataObject) -> None:
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    for one in (bytes(changed), data.draw(st.binary(max_size=80))):
        with contextlib.suppress(BadImage):
            image = read_image(one)
            assert 0 < image.width * image.height <= MAX_PIXELS
