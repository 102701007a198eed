"""New ids: 16 characters of lower-case base 32 (80 random bits), safe in URLs, file names and shells."""

import secrets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def new_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))
