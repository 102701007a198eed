"""What an administrator does to accounts, as the command line and the web offer it.

Passwords go in and out in the clear here, and only here; they are kept as hashes alone. Everything
raises ``StoreError``s with a type for each cause; the messages are English, for developers.
"""

import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from classroom.ids import AccountId, ClassId
from classroom.people import Role
from classroom.stores.passwords import Passwords, check_policy, generate_password
from classroom.stores.port import Conflict, StoreError, Stores

USERNAME_BOUND = 64
NAME_BOUND = 120


class NoSuchAccount(StoreError):
    """No account has this username."""


class NoSuchClass(StoreError):
    """No class has this name."""


class UsernameTaken(Conflict):
    """An account has this username already, in whatever case."""


class BadName(StoreError):
    """A username or name is empty, too long, or holds spaces (usernames) or control characters."""


class NewAccount(Struct, frozen=True):
    """``password``: what the person signs in with, to be printed and forgotten."""

    id: AccountId
    username: str
    name: str
    password: str


async def add_account(
    stores: Stores,
    passwords: Passwords,
    *,
    username: str,
    name: str,
    role: Role,
    password: str | None = None,
    classes: Sequence[str] = (),
    children: Sequence[str] = (),
) -> NewAccount:
    """Make one account; without ``password`` a readable one is made.

    ``classes``: names of classes that are there (taught by a teacher, attended by a student).
    ``children``: usernames of students, for a parent.
    Raises BadName, WeakPassword, NoSuchClass, NoSuchAccount, UsernameTaken.
    """
    username, name = clean_username(username), clean_name(name)
    chosen = _chosen(username, password)
    class_ids = [await _class(stores, each) for each in classes]
    child_ids = [(await _account(stores, each)) for each in children]
    if await stores.accounts.find(username) is not None:
        raise UsernameTaken(f"the username {username} is taken")
    password_hash = await passwords.hash(chosen)
    try:
        account = await stores.accounts.add(username, name, role, password_hash, class_ids)
    except Conflict as error:
        raise UsernameTaken(f"the username {username} is taken") from error
    for child in child_ids:
        await stores.accounts.link(account, child)
    return NewAccount(account, username, name, chosen)


async def set_password(
    stores: Stores, passwords: Passwords, *, username: str, now: int, password: str | None = None
) -> NewAccount:
    """Give an account another password and close its sessions. Raises NoSuchAccount, WeakPassword."""
    account = await stores.accounts.find(username)
    if account is None:
        raise NoSuchAccount(f"there is no account {username}")
    chosen = _chosen(account.username, password)
    await stores.accounts.set_password(account.id, await passwords.hash(chosen), now)
    return NewAccount(account.id, account.username, account.name, chosen)


def clean_username(username: str) -> str:
    """NFC, without spaces around. Raises BadName."""
    username = unicodedata.normalize("NFC", username.strip())
    if not username or len(username) > USERNAME_BOUND:
        raise BadName(f"a username has 1 to {USERNAME_BOUND} characters")
    if any(character.isspace() or not character.isprintable() for character in username):
        raise BadName("a username has no spaces or control characters")
    return username


def clean_name(name: str) -> str:
    """NFC, with single spaces. Raises BadName."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > NAME_BOUND:
        raise BadName(f"a name has 1 to {NAME_BOUND} characters")
    if not name.isprintable():
        raise BadName("a name has no control characters")
    return name


def _chosen(username: str, password: str | None) -> str:
    if password is None:
        return generate_password()
    check_policy(username, password)
    return password


async def _class(stores: Stores, name: str) -> ClassId:
    found = await stores.classes.by_name(name)
    if found is None:
        raise NoSuchClass(f"there is no class {name}")
    return found.id


async def _account(stores: Stores, username: str) -> AccountId:
    found = await stores.accounts.find(username)
    if found is None:
        raise NoSuchAccount(f"there is no account {username}")
    return found.id
