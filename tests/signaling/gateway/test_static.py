"""The built web client: one page for all addresses, assets for ever, nothing outside its folder."""

import gzip
from pathlib import Path

import pytest

from tests.signaling.gateway.school import school_at

SCRIPT = b"console.log('xin ch\xc3\xa0o');" * 100


@pytest.fixture
def static(tmp_path: Path) -> Path:
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>Lớp học</title>")
    (root / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "assets" / "index-abc123.js").write_bytes(SCRIPT)
    (root / "assets" / "index-abc123.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.txt").write_text("secret")
    (root / "assets" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return root


async def test_pages_assets_and_nothing_else(tmp_path: Path, static: Path) -> None:
    async with school_at(tmp_path, static=static) as school:
        http = (await school.who("student1")).http
        for path in ("/", "/login", "/lessons/abc", "/recordings", "/recordings/abc"):
            async with http.get(path) as answer:
                assert answer.status == 200
                assert "Lớp học" in await answer.text()
                assert answer.headers["Cache-Control"] == "no-cache"
                assert answer.content_type == "text/html"
        async with http.get("/assets/index-abc123.js", auto_decompress=False) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.content_type in ("text/javascript", "application/javascript")
            assert gzip.decompress(await answer.read()) == SCRIPT
        async with http.get("/assets/index-abc123.js", headers={"Accept-Encoding": "identity"}) as answer:
            assert await answer.read() == SCRIPT
        async with http.get("/favicon.svg") as answer:
            assert answer.content_type == "image/svg+xml"
        for path in (
            "/assets/link.txt",
            "/assets/%2e%2e/%2e%2e/secret.txt",
            "/assets/..%2f..%2fsecret.txt",
            "/secret.txt",
            "/assets/",
            "/nothing",
            "/assets/nothing.js",
        ):
            async with http.get(path) as answer:
                assert answer.status == 404, path
                assert "secret" not in await answer.text()


async def test_an_unbuilt_client_is_said_plainly(tmp_path: Path) -> None:
    async with (
        school_at(tmp_path, static=tmp_path / "nowhere") as school,
        (await school.who("student1")).http.get("/") as answer,
    ):
        assert answer.status == 503
        assert "not built" in await answer.text()


async def test_a_wrong_address_is_told_in_the_readers_way(tmp_path: Path, static: Path) -> None:
    async with school_at(tmp_path, static=static) as school:
        http = (await school.who("student1")).http
        async with http.get("/nowhere/at/all", headers={"Accept": "text/html,*/*"}) as answer:
            assert answer.status == 404
            assert "Lớp học" in await answer.text()
        async with http.get("/nowhere", headers={"Accept": "application/json"}) as answer:
            assert answer.status == 404
            assert (await answer.json())["error"]["code"] == "not_found"
        async with http.get("/api/nowhere", headers={"Accept": "text/html"}) as answer:
            assert answer.status == 404
            assert (await answer.json())["error"]["code"] == "not_found"
