"""Credentials of TURN servers: those that coturn takes with the same secret."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.turn import TurnServers, account_mark, parse_url, rest_credentials

SECRET = "north"
NOW = 1_790_000_000_000
URLS = (parse_url("turn:relay.example"), parse_url("turns:relay.example:443?transport=tcp"))


def test_credentials_are_those_of_the_turn_rest_api() -> None:
    username, password = rest_credentials(SECRET, "account1", 1_790_000_600)
    expires, _, mark = username.partition(":")
    assert (expires, mark) == ("1790000600", account_mark(SECRET, "account1"))
    expected = hmac.new(SECRET.encode(), username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(password) == expected


def test_accounts_are_told_apart_and_not_named() -> None:
    marks = {account_mark(SECRET, f"account{number}") for number in range(100)}
    assert len(marks) == 100
    assert not any("account" in mark for mark in marks)
    assert account_mark("south", "account1") not in marks


def test_all_servers_in_one_entry() -> None:
    servers = TurnServers(URLS, secret=SECRET, lifetime=600)
    (entry,) = servers.for_account("account1", NOW)
    assert entry.urls == ("turn:relay.example", "turns:relay.example:443?transport=tcp")
    assert (entry.username, entry.credential) == rest_credentials(SECRET, "account1", NOW // 1000 + 600)
    assert TurnServers(secret=SECRET, lifetime=600).for_account("account1", NOW) == ()


def test_a_trial_gets_each_by_itself_and_for_a_short_time() -> None:
    servers = TurnServers(URLS, secret=SECRET, lifetime=43200)
    entries = servers.one_by_one("account1", NOW, 120)
    assert [entry.urls for entry in entries] == [("turn:relay.example",), (URLS[1].text,)]
    assert {entry.username.partition(":")[0] for entry in entries} == {str(NOW // 1000 + 120)}


def test_fixed_credentials_are_given_as_they_are() -> None:
    (entry,) = TurnServers(URLS, username="school", password="hush").for_account("account1", NOW)
    assert (entry.username, entry.credential) == ("school", "hush")


@pytest.mark.parametrize(
    ("text", "port", "transport"),
    [
        ("turn:relay.example", 3478, "udp"),
        ("turn:relay.example?transport=tcp", 3478, "tcp"),
        ("turns:relay.example", 5349, "tcp"),
        ("turn:[2001:db8::1]:80?transport=udp", 80, "udp"),
        ("turn:192.0.2.1:65535", 65535, "udp"),
    ],
)
def test_urls(text: str, port: int, transport: str) -> None:
    url = parse_url(text)
    assert (url.text, url.port, url.transport) == (text, port, transport)


@given(st.text(max_size=40) | st.from_regex(r"turns?:.{0,30}", fullmatch=True))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    try:
        url = parse_url(text)
    except ValueError:
        return
    assert 1 <= url.port <= 65535
    assert url.host
    assert url.text.isascii()
