"""In which codec each picture is published: the best that everybody in the lesson can decode. Pure.

A codec is called by its MIME type. A worse codec is taken at once, when somebody arrives who cannot
decode the present one; a better one only after some quiet time, so that one person coming and going
does not change everybody's picture each time.
"""

from collections.abc import Iterable

from msgspec import Struct

from classroom.lesson.events import Source

AV1 = "video/AV1"
VP9 = "video/VP9"
FLOOR = "video/VP8"
"""Every browser decodes and encodes it."""
BEST_FIRST = (AV1, VP9, FLOOR)
PROGRAMME = VP9
"""What a recording's programme is in, where all can: its pictures, cameras included, have one codec
(docs/decisions/0006), and AV1 costs a camera too much of a small computer."""

QUIET_MS = 60_000


class Ability(Struct, frozen=True):
    """What one browser can do; MIME types of video codecs."""

    decodes: frozenset[str]
    encodes: frozenset[str]


class Policy(Struct, frozen=True):
    """``codecs``: that all can decode, best first; the last is the floor. ``programme``: what everything
    that may reach the stage is published in while the lesson is recorded. ``better_since``: since when
    all could decode more than ``codecs``, in ms since the epoch."""

    codecs: tuple[str, ...] = (FLOOR,)
    programme: str | None = None
    better_since: int | None = None


class Published(Struct, frozen=True):
    """What one participant is to publish its screens and its camera in."""

    screen: str = FLOOR
    camera: str = FLOOR


def decide(
    before: Policy | None,
    people: Iterable[Ability],
    *,
    recorded: bool,
    on_stage: str | None,
    now: int,
    quiet_ms: int = QUIET_MS,
) -> Policy:
    """``before``: the last decision; None: there was none that is remembered. ``on_stage``: the codec of
    what can reach the stage at present, which a lesson found again goes on with."""
    everybody = tuple(people)
    possible = tuple(c for c in BEST_FIRST if c == FLOOR or all(c in one.decodes for one in everybody))
    if before is None:
        before = Policy(
            codecs=possible if on_stage is None else _from(possible, on_stage),
            programme=on_stage if recorded else None,
        )
    kept = tuple(c for c in before.codecs if c in possible)
    since = None
    if kept != possible:
        since = now if before.better_since is None else before.better_since
        if now - since >= quiet_ms:
            kept, since = possible, None
    return Policy(kept, _programme(before, kept, everybody, recorded=recorded), since)


def _programme(
    before: Policy, codecs: tuple[str, ...], people: Iterable[Ability], *, recorded: bool
) -> str | None:
    """Chosen when the recording begins; afterwards it only ever falls, once, to the floor."""
    if not recorded:
        return None
    if before.programme is not None:
        return before.programme if before.programme in codecs else FLOOR
    return PROGRAMME if PROGRAMME in codecs and all(PROGRAMME in one.encodes for one in people) else FLOOR


def publish(policy: Policy, who: Ability, *, hosts: bool) -> Published:
    """``hosts``: whose camera may reach the stage."""
    screen = policy.programme or policy.codecs[0]
    camera = policy.programme if policy.programme is not None and hosts else FLOOR
    return Published(_encodable(policy, who, screen), _encodable(policy, who, camera))


def codec_of(policy: Policy, who: Ability, source: Source, *, hosts: bool) -> str | None:
    """None: of sounds."""
    published = publish(policy, who, hosts=hosts)
    return {Source.SCREEN: published.screen, Source.CAMERA: published.camera}.get(source)


def next_change(policy: Policy, quiet_ms: int = QUIET_MS) -> int | None:
    """When a better codec will have been possible for long enough, in ms since the epoch."""
    return None if policy.better_since is None else policy.better_since + quiet_ms


def _encodable(policy: Policy, who: Ability, wanted: str) -> str:
    """The wanted codec, or the best of the worse ones that this browser can encode and all can decode."""
    return next((c for c in _from(policy.codecs, wanted) if c in who.encodes), FLOOR)


def _from(codecs: tuple[str, ...], wanted: str) -> tuple[str, ...]:
    """Those no better than ``wanted``."""
    worst = BEST_FIRST.index(wanted) if wanted in BEST_FIRST else len(BEST_FIRST)
    return tuple(c for c in codecs if BEST_FIRST.index(c) >= worst) or (FLOOR,)
