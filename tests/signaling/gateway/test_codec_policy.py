"""In which codec each picture is published, as people of different abilities come and go."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.lesson.events import Source
from signaling.gateway.codec_policy import (
    AV1,
    BEST_FIRST,
    FLOOR,
    QUIET_MS,
    VP9,
    Ability,
    Policy,
    Published,
    codec_of,
    decide,
    next_change,
    publish,
)

ALL = Ability(frozenset(BEST_FIRST), frozenset(BEST_FIRST))
SMALL = Ability(frozenset(BEST_FIRST), frozenset({VP9, FLOOR}))
OLD = Ability(frozenset({VP9, FLOOR}), frozenset({VP9, FLOOR}))
OLDEST = Ability(frozenset({FLOOR}), frozenset({FLOOR}))


def now_of(people: Any, before: Policy | None = None, now: int = 0, **more: Any) -> Policy:
    return decide(before, people, **{"recorded": False, "on_stage": None, "now": now, **more})


@pytest.mark.parametrize(
    ("people", "screen"),
    [
        ((), AV1),
        ((ALL,), AV1),
        ((ALL, SMALL), AV1),
        ((ALL, OLD), VP9),
        ((ALL, OLD, OLDEST), FLOOR),
        ((Ability(frozenset(), frozenset()),), FLOOR),
        ((Ability(frozenset({AV1}), frozenset()), OLD), FLOOR),
    ],
)
def test_a_screen_has_the_best_codec_that_all_can_decode(people: tuple[Ability, ...], screen: str) -> None:
    policy = now_of(people)
    assert publish(policy, ALL, hosts=True) == Published(screen, FLOOR)
    assert policy.better_since is None


@pytest.mark.parametrize(
    ("publisher", "screen"),
    [
        (ALL, AV1),
        (SMALL, VP9),
        (OLDEST, FLOOR),
        (Ability(frozenset(BEST_FIRST), frozenset()), FLOOR),
    ],
)
def test_a_publisher_who_cannot_encode_it_takes_the_next(publisher: Ability, screen: str) -> None:
    assert publish(now_of((ALL, publisher)), publisher, hosts=False).screen == screen


def test_a_worse_codec_comes_at_once_and_a_better_one_after_a_quiet_time() -> None:
    first = now_of((ALL, ALL))
    worse = now_of((ALL, OLDEST), first, 1000)
    assert worse.codecs == (FLOOR,)
    alone = now_of((ALL,), worse, 5000)
    assert (alone.codecs, alone.better_since) == ((FLOOR,), 5000)
    assert next_change(alone) == 5000 + QUIET_MS
    again = now_of((ALL, OLDEST), alone, 6000)
    assert again.better_since is None
    alone = now_of((ALL,), again, 7000)
    still = now_of((ALL,), alone, 7000 + QUIET_MS - 1)
    assert still.codecs == (FLOOR,)
    better = now_of((ALL,), still, 7000 + QUIET_MS)
    assert better.codecs == BEST_FIRST
    assert next_change(better) is None


def test_while_recorded_all_that_reaches_the_stage_has_one_codec() -> None:
    recorded = now_of((ALL, OLD), now_of((ALL, OLD)), recorded=True)
    assert recorded.programme == VP9
    assert publish(recorded, ALL, hosts=True) == Published(VP9, VP9)
    assert publish(recorded, ALL, hosts=False) == Published(VP9, FLOOR)
    assert codec_of(recorded, ALL, Source.CAMERA, hosts=True) == VP9
    assert codec_of(recorded, ALL, Source.MICROPHONE, hosts=True) is None
    assert now_of((ALL, OLD), recorded).programme is None


def test_a_recording_is_in_the_floor_where_somebody_can_do_no_more() -> None:
    assert now_of((ALL, OLDEST), recorded=True).programme == FLOOR
    only_decodes = Ability(frozenset(BEST_FIRST), frozenset({FLOOR}))
    assert now_of((ALL, only_decodes), recorded=True).programme == FLOOR


def test_a_recording_falls_to_the_floor_and_stays_there() -> None:
    recorded = now_of((ALL, ALL), recorded=True)
    fallen = now_of((ALL, OLDEST), recorded, 10, recorded=True)
    assert fallen.programme == FLOOR
    assert publish(fallen, ALL, hosts=True) == Published(FLOOR, FLOOR)
    later = now_of((ALL,), now_of((ALL,), fallen, 20, recorded=True), 20 + QUIET_MS, recorded=True)
    assert (later.codecs, later.programme) == (BEST_FIRST, FLOOR)
    assert publish(later, ALL, hosts=True) == Published(FLOOR, FLOOR)


def test_a_lesson_found_again_goes_on_with_what_is_on_stage() -> None:
    found = now_of((ALL,), on_stage=VP9, recorded=True)
    assert (found.codecs, found.programme, found.better_since) == ((VP9, FLOOR), VP9, 0)
    assert now_of((OLDEST,), on_stage=AV1).codecs == (FLOOR,)
    assert now_of((ALL,), on_stage="video/H264").codecs == (FLOOR,)


abilities = st.builds(
    Ability, st.frozensets(st.sampled_from(BEST_FIRST)), st.frozensets(st.sampled_from(BEST_FIRST))
)


@given(
    st.lists(
        st.tuples(st.lists(abilities, max_size=4), st.booleans(), st.integers(0, 2 * QUIET_MS)), max_size=8
    )
)
def test_nobody_is_ever_sent_what_one_cannot_decode(story: list[tuple[list[Ability], bool, int]]) -> None:
    policy, now = None, 0
    for people, recorded, later in story:
        now += later
        policy = decide(policy, people, recorded=recorded, on_stage=None, now=now)
        for publisher in people:
            for hosts in (True, False):
                published = publish(policy, publisher, hosts=hosts)
                for codec in (published.screen, published.camera):
                    assert codec == FLOOR or all(codec in one.decodes for one in people)
                    assert codec == FLOOR or codec in publisher.encodes
        if policy.better_since is not None:
            assert policy.better_since <= now < policy.better_since + QUIET_MS
