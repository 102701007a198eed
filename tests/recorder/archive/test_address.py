"""``--storage-url``: what is taken, what is refused, and that it never tells what it was given."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.archive.address import StorageAddress, parse
from recorder.archive.opening import open_storage, s3_config
from recorder.archive.source import MOST_PARTS, PART, part_size

GOOD = {
    "s3://bucket": StorageAddress("s3", "bucket"),
    "s3://bucket/": StorageAddress("s3", "bucket"),
    "s3://bucket/a/b/?region=ap-southeast-1": StorageAddress("s3", "bucket", "a/b", region="ap-southeast-1"),
    "s3://b.c?endpoint=https%3A%2F%2Fminio.school.vn:9000&path_style=false&upload_mbit=2.5&ca=/etc/ca.pem": (
        StorageAddress(
            "s3",
            "b.c",
            endpoint="https://minio.school.vn:9000",
            path_style=False,
            ca="/etc/ca.pem",
            upload_mbit=2.5,
        )
    ),
    "gs://bucket/p": StorageAddress("gs", "bucket", "p"),
    "az://container": StorageAddress("az", "container"),
    "file:///mnt/nas/b%C3%A0i": StorageAddress("file", prefix="/mnt/nas/bài"),
}
BAD = {
    "": "must start",
    "bucket": "must start",
    "https://bucket": "must start",
    "s3://": "bucket's name",
    "s3://BUCKET": "bucket's name",
    "s3://bucket:80": "bucket's name",
    "s3://key:hush@bucket": "credentials",
    "s3://bucket/../x": "prefix",
    "s3://bucket/a//b": "prefix",
    "s3://bucket/a b": "prefix",
    "s3://bucket?secret=hush": "none of",
    "s3://bucket?region=a&region=b": "twice",
    "s3://bucket?region=": "without a value",
    "s3://bucket?region": "name=value",
    "s3://bucket#x": "#",
    "s3://bucket?endpoint=minio": "endpoint",
    "s3://bucket?endpoint=http://key:hush@minio": "endpoint",
    "s3://bucket?path_style=perhaps": "path_style",
    "s3://bucket?upload_mbit=0": "upload_mbit",
    "s3://bucket?upload_mbit=fast": "upload_mbit",
    "gs://bucket?endpoint=http://x": "none of",
    "file://host/x": "absolute",
    "file:x": "absolute",
    "s3://[": "not a URL",
}


@pytest.mark.parametrize("url", GOOD)
def test_good(url: str) -> None:
    assert parse(url) == GOOD[url]


@pytest.mark.parametrize("url", BAD)
def test_bad(url: str) -> None:
    with pytest.raises(ValueError, match=BAD[url].replace("?", ".")) as refused:
        parse(url)
    assert "hush" not in str(refused.value)


@given(
    st.one_of(
        st.text(), st.text().map("s3://bucket{}".format), st.text().map("s3://bucket?endpoint={}".format)
    )
)
def test_anything_is_taken_or_refused(url: str) -> None:
    with contextlib.suppress(ValueError):
        parse(url)


@given(st.integers(0, 5 << 40))
def test_parts_are_as_many_as_a_store_takes(size: int) -> None:
    part = part_size(size)
    assert part % PART == 0
    assert -(-size // part) <= MOST_PARTS
    assert part == PART or size > PART * MOST_PARTS


def test_of_virtual_hosts_the_bucket_is_part() -> None:
    found = s3_config(parse("s3://bucket?endpoint=https://s3.vn:444&path_style=false&region=r"))
    assert found == {
        "endpoint": "https://bucket.s3.vn:444",
        "region": "r",
        "virtual_hosted_style_request": True,
    }
    assert s3_config(parse("s3://bucket")) == {}


def test_certificates_that_are_not_there() -> None:
    with pytest.raises(ValueError, match=r"/nowhere/ca\.pem: No such file"):
        open_storage(parse("s3://bucket?ca=/nowhere/ca.pem"))
