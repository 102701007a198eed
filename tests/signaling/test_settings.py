import argparse
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from signaling import cli
from signaling.settings import TABLE, Settings, SettingsError, flag, parse, to_environment, variable

GOOD: dict[str, tuple[object, object]] = {
    "host": ("school.example", "school.example"),
    "port": ("8443", 8443),
    "media_ip": ("192.0.2.7,2001:db8::7, 10.1.0.7", "192.0.2.7,2001:db8::7, 10.1.0.7"),
    "media_port": ("41000", 41000),
    "media_workers": ("3", 3),
    "data": ("/srv/classroom", Path("/srv/classroom")),
    "database_url": ("postgresql://db/school", "postgresql://db/school"),
    "redis_url": ("redis://cache:6379/0", "redis://cache:6379/0"),
    "storage_url": ("", ""),
    "tls_cert": ("c.pem", "c.pem"),
    "tls_key": ("k.pem", "k.pem"),
    "demo": ("true", True),
    "demo_password": ("xin-chao-1", "xin-chao-1"),
    "school": ("Trường THPT Nguyễn Du", "Trường THPT Nguyễn Du"),
    "metrics_token": ("abc", "abc"),
    "tap_listen": ("10.0.0.5:41999", "10.0.0.5:41999"),
    "turn_urls": ("turn:relay.example,turns:relay.example:443?transport=tcp",) * 2,
    "turn_secret": ("hush", "hush"),
    "turn_username": ("school", "school"),
    "turn_password": ("hush", "hush"),
    "turn_lifetime": ("3600", 3600),
    "fanout": ("python", "python"),
}
TOGETHER = {"tls_cert": {"tls_key": "k.pem"}, "tls_key": {"tls_cert": "c.pem"},
            "turn_urls": {"turn_secret": "hush"}, "turn_username": {"turn_password": "hush"},
            "turn_password": {"turn_username": "school"}}  # fmt: skip


def problems(*arguments: dict[str, object]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(*arguments)  # type: ignore[arg-type]
    return caught.value.problems


def test_every_setting_is_explained_and_tried() -> None:
    fields = {field.name for field in msgspec.structs.fields(Settings)}
    assert set(TABLE) == fields == set(GOOD)
    assert all(entry.help for entry in TABLE.values())


@pytest.mark.parametrize("name", GOOD)
def test_every_setting_from_everywhere(name: str) -> None:
    text, value = GOOD[name]
    with_it = TOGETHER.get(name, {})
    assert getattr(parse({name: text, **with_it}, {}, {}), name) == value
    assert getattr(parse(with_it, {variable(name): str(text)}, {}), name) == value
    typed = str(value) if isinstance(value, Path) else value
    assert getattr(parse(with_it, {}, {name: typed}), name) == value
    assert getattr(parse(with_it, {}, {name.replace("_", "-"): typed}), name) == value


@pytest.mark.parametrize("command", ["serve", "gateway", "media", "recorder", "doctor"])
def test_help_names_every_setting_with_its_variable(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    for name in TABLE:
        assert flag(name) in said
        assert variable(name) in said


def test_precedence() -> None:
    assert parse({}, {}, {}) == Settings()
    assert parse({}, {}, {"port": 1}).port == 1
    assert parse({}, {"CLASSROOM_PORT": "2"}, {"port": 1}).port == 2
    assert parse({"port": "3"}, {"CLASSROOM_PORT": "2"}, {"port": 1}).port == 3


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", "abc", "'abc' is not a whole number"),
        ("port", "0", "between 1 and 65535"),
        ("port", "65536", "between 1 and 65535"),
        ("media_workers", "0", "between 1 and 64"),
        ("media_workers", "-1", "between 1 and 64"),
        ("media_ip", "school.example", "must be an IP address"),
        ("media_ip", "0.0.0.0", "browsers can reach"),
        ("media_ip", "192.0.2.1,::", "browsers can reach"),
        ("media_ip", "192.0.2.1,fe80::1", "browsers can reach"),
        ("media_ip", "192.0.2.1,school.example", "must be an IP address"),
        ("media_ip", ",", "must be an IP address"),
        ("media_ip", "2001:db8::1,2001:db8:0::1", "twice"),
        ("media_ip", ",".join(f"192.0.2.{i}" for i in range(1, 10)), "at most 8"),
        ("turn_urls", "relay.example", "must be turn:"),
        ("turn_urls", "turn:relay.example,stun:relay.example", "stun:relay.example: must be turn:"),
        ("turn_urls", "turn:relay.example:0", "between 1 and 65535"),
        ("turn_urls", "turn:a,turn:a", "twice"),
        ("turn_lifetime", "60", "between 600"),
        ("fanout", "rust", "must be one of"),
        ("host", "", "must be a host"),
        ("host", "http://x/", "must be a host"),
        ("demo", "perhaps", "is not true or false"),
        ("database_url", "mysql://x", "must start with postgresql:"),
        ("redis_url", "http://x", "must start with redis:"),
        ("storage_url", "s3://key:secret@bucket", "must not hold credentials"),
        ("storage_url", "ftp://bucket", "must start with"),
        ("tap_listen", "nowhere", "must be host:port"),
        ("data", "", "is not text"),
    ],
)
def test_bad_values_say_where_and_what(name: str, value: str, said: str) -> None:
    (line,) = problems({name: value}, {}, {})
    assert line.startswith(flag(name))
    assert said in line
    (line,) = problems({}, {variable(name): value}, {})
    assert line.startswith(variable(name))


def test_every_problem_is_told_at_once() -> None:
    found = problems({"port": "x"}, {"CLASSROOM_MEDIA_PROT": "1"}, {"hots": "y", "tls": {"cert": "x"}})
    assert len(found) == 4
    assert any("did you mean CLASSROOM_MEDIA_PORT?" in line for line in found)
    assert any("did you mean host?" in line for line in found)


@pytest.mark.parametrize("value", [True, 1.5, [1], {"a": 1}, "eight"])
def test_the_files_types_are_checked(value: object) -> None:
    assert len(problems({}, {}, {"port": value})) == 1
    if not isinstance(value, str):
        assert len(problems({}, {}, {"school": value})) == 1


def test_settings_that_do_not_go_together() -> None:
    assert problems({"tls_cert": "x"}, {}, {}) == ["--tls-cert and --tls-key: give both or neither"]
    assert "too high" in problems({"media_port": "65535", "media_workers": "2"}, {}, {})[0]
    assert "uses this port too" in problems({"port": "40001", "media_workers": "2"}, {}, {})[0]
    assert "give --turn-secret" in problems({"turn_urls": "turn:a"}, {}, {})[0]
    assert "both or neither" in problems({"turn_username": "a"}, {}, {})[0]
    both = {"turn_secret": "s", "turn_username": "a", "turn_password": "b"}
    assert "not together" in problems(both, {}, {})[0]


def test_a_file_may_list_addresses_and_servers() -> None:
    urls = ["turn:a:3478?transport=tcp", "turns:[2001:db8::9]:443"]
    settings = parse({}, {}, {"media-ip": ["192.0.2.7", "::1"], "turn-urls": urls, "turn-secret": "hush"})
    assert settings.media_addresses == ("192.0.2.7", "::1")
    assert [(url.host, url.port, url.transport) for url in settings.turn.urls] == [
        ("a", 3478, "tcp"),
        ("2001:db8::9", 443, "tcp"),
    ]
    assert parse({}, to_environment(settings), {}) == settings
    assert len(problems({}, {}, {"media-ip": [1]})) == 1


def test_a_secret_of_the_wrong_kind_is_not_repeated() -> None:
    (line,) = problems({}, {}, {"turn-secret": 4711})
    assert line == "turn-secret in file: what is there is not text"


def test_variables_of_others_are_left_alone() -> None:
    environment = {
        "CLASSROOM_PORT": "tcp://10.0.0.1:80",
        "CLASSROOM_PORT_80_TCP": "x",
        "CLASSROOM_SERVICE_HOST": "10.0.0.1",
        "CLASSROOM_CONFIG": "x.toml",
        "PATH": "/bin",
    }
    assert parse({}, environment, {}) == Settings()


@trying(deadline=None)
@given(
    st.builds(
        Settings,
        port=st.integers(1, 39999),
        media_workers=st.integers(1, 64),
        demo=st.booleans(),
        school=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        data=st.sampled_from([Path("data"), Path("/a b/c"), Path("ở đây")]),
    )
)
def test_the_environment_of_a_role_says_the_same(settings: Settings) -> None:
    assert parse({}, to_environment(settings), {}) == settings


@trying(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(TABLE)), st.text() | st.integers() | st.none() | st.booleans()))
def test_whatever_a_file_says_is_taken_or_refused(file: dict[str, object]) -> None:
    try:
        parse({}, {}, file)
    except SettingsError as error:
        told = error.problems
        assert told


@pytest.mark.parametrize(
    ("host", "loopback", "url"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:8080/"),
        ("localhost", True, "http://localhost:8080/"),
        ("::1", True, "http://[::1]:8080/"),
        ("0.0.0.0", False, "http://127.0.0.1:8080/"),
        ("192.168.1.4", False, "http://192.168.1.4:8080/"),
    ],
)
def test_where_it_is_found(host: str, loopback: bool, url: str) -> None:
    settings = Settings(host=host)
    assert settings.is_loopback is loopback
    assert settings.url == url


def test_a_toml_file_and_its_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "classroom.toml"
    path.write_text("port = \n", "utf-8")
    assert cli.main(["doctor", "--config", str(path)]) == 2
    assert "not TOML" in capsys.readouterr().err
    path.write_text("prot = 1\n", "utf-8")
    monkeypatch.setenv("CLASSROOM_CONFIG", str(path))
    assert cli.main(["doctor"]) == 2
    assert f"{path}: there is no setting prot (did you mean port?)" in capsys.readouterr().err
    assert cli.main(["doctor", "--config", str(tmp_path / "none.toml")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_unknown_flags_end_with_two() -> None:
    for arguments in (["serve", "--prot", "1"], ["nonsense"], ["media", "--worker", "64"], []):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        assert caught.value.code == 2


def test_flags_of_the_parser_are_settings() -> None:
    actions = [a for a in cli._parser()._actions if isinstance(a, argparse._SubParsersAction)]
    assert set(actions[0].choices) == {
        "serve", "gateway", "media", "recorder", "doctor", "account", "export", "verify",
    }  # fmt: skip
