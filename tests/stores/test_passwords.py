"""Passwords: parameters, policy, generation, the bounded pool."""

import asyncio
import re
import unicodedata
from collections.abc import Iterator

import argon2
import pytest
from argon2 import PasswordHasher

from classroom.stores import passwords as module
from classroom.stores.passwords import (
    Passwords,
    Weakness,
    WeakPassword,
    check_policy,
    generate_password,
    needs_rehash,
)
from classroom.stores.port import TooBusy


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def test_parameters_are_those_of_the_guideline(passwords: Passwords) -> None:
    parameters = argon2.extract_parameters(await passwords.hash("mật khẩu dài"))
    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19 * 1024, 2, 1)


async def test_fits_or_does_not(passwords: Passwords) -> None:
    made = await passwords.hash("mật khẩu dài")
    assert made != await passwords.hash("mật khẩu dài")
    assert await passwords.verify(made, "mật khẩu dài")
    assert await passwords.verify(made, unicodedata.normalize("NFD", "mật khẩu dài"))
    assert not await passwords.verify(made, "mật khẩu dai")
    assert not await passwords.verify(made, "")


@pytest.mark.parametrize("password", ["", "\0", "\ud800", "x" * 1024, "x" * 1_000_000])
async def test_anything_may_be_typed(passwords: Passwords, password: str) -> None:
    made = await passwords.hash("mật khẩu dài")
    assert not await passwords.verify(made, password)
    assert not await passwords.verify(None, password)
    assert not await passwords.verify("no hash at all", password)


async def test_an_unknown_account_costs_the_same_work(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways end in one Argon2 computation under the same parameters."""
    seen: list[str] = []
    verify = module._hasher.verify

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(PasswordHasher(), name)

        def hash(self, password: bytes) -> str:
            return PasswordHasher(2, 19 * 1024, 1).hash(password)

        def verify(self, password_hash: str, password: bytes) -> bool:
            seen.append(password_hash)
            return verify(password_hash, password)

    made = await passwords.hash("mật khẩu dài")
    monkeypatch.setattr(module, "_hasher", Counting())
    assert not await passwords.verify(made, "wrong password")
    assert not await passwords.verify(None, "wrong password")
    assert len(seen) == 2
    assert argon2.extract_parameters(seen[0]) == argon2.extract_parameters(seen[1])


def test_old_parameters_ask_for_a_new_hash() -> None:
    assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert needs_rehash("no hash at all")
    assert not needs_rehash(module._hasher.hash("x"))


async def test_the_queue_is_bounded_and_frees_itself() -> None:
    passwords = Passwords(workers=1, waiting_bound=3)
    try:
        made = await passwords.hash("mật khẩu dài")
        outcomes = await asyncio.gather(
            *(passwords.verify(made, "wrong password") for _ in range(10)), return_exceptions=True
        )
        assert sum(outcome is False for outcome in outcomes) == 4
        assert sum(isinstance(outcome, TooBusy) for outcome in outcomes) == 6
        assert passwords.refused == 6
        assert await passwords.verify(made, "mật khẩu dài")
    finally:
        passwords.close()


async def test_callers_that_went_away_free_their_place() -> None:
    passwords = Passwords(workers=1, waiting_bound=3)
    try:
        tasks = [asyncio.ensure_future(passwords.hash("mật khẩu dài")) for _ in range(4)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(60):
            while True:
                try:
                    await passwords.hash("mật khẩu dài")
                except TooBusy:
                    await asyncio.sleep(0.01)
                else:
                    break
        # The one thread works in order: whoever was before is done, and every place is free.
        await asyncio.gather(*(passwords.hash("mật khẩu dài") for _ in range(4)))
    finally:
        passwords.close()


@pytest.mark.parametrize(
    ("username", "password", "weakness"),
    [
        ("an", "1234567", Weakness.TOO_SHORT),
        ("an", "", Weakness.TOO_SHORT),
        ("an", "x" * 1025, Weakness.TOO_LONG),
        ("nguyenminhanh", "NguyenMinhAnh", Weakness.IS_USERNAME),
        ("an", "12345678", None),
        ("an", "x" * 1024, None),
        ("nguyenminhanh", "nguyenminhanh1", None),
    ],
)
def test_policy(username: str, password: str, weakness: Weakness | None) -> None:
    if weakness is None:
        check_policy(username, password)
        return
    with pytest.raises(WeakPassword) as caught:
        check_policy(username, password)
    assert caught.value.weakness is weakness
    assert not password or password not in str(caught.value)


def test_generated_passwords_can_be_read_aloud() -> None:
    made = {generate_password() for _ in range(1000)}
    assert len(made) == 1000
    for password in made:
        assert re.fullmatch(r"[abcdefghjkmnpqrstuvwxyz2-9]{4}(-[abcdefghjkmnpqrstuvwxyz2-9]{4}){2}", password)
        check_policy("an", password)
