from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.restart import DELAYS, STABLE, START_ATTEMPTS, UNUSABLE, Again, GiveUp, RestartPolicy


def alive(policy: RestartPolicy, start: float, end: float, status: int = -9) -> Again | GiveUp:
    policy.started(start)
    policy.became_ready()
    return policy.died(end, status)


def test_the_first_death_is_answered_at_once_then_delays_grow_to_two_seconds() -> None:
    policy = RestartPolicy()
    found = [alive(policy, n, n + 0.1) for n in range(7)]
    assert found == [Again(after) for after in (*DELAYS, 2.0, 2.0)]


def test_a_stable_life_forgets_earlier_deaths() -> None:
    policy = RestartPolicy()
    for n in range(4):
        alive(policy, n, n + 0.1)
    assert alive(policy, 10, 10 + STABLE) == Again(0.0)
    assert alive(policy, 50, 51) == Again(DELAYS[1])


def test_a_role_that_never_gets_ready_is_given_up() -> None:
    policy = RestartPolicy()
    for n in range(START_ATTEMPTS - 1):
        policy.started(n)
        assert isinstance(policy.died(n + 0.1, 1), Again)
    policy.started(9)
    assert isinstance(policy.died(9.1, 1), GiveUp)


def test_settings_that_cannot_work_are_given_up_at_once_but_not_once_it_was_ready() -> None:
    policy = RestartPolicy()
    policy.started(0)
    assert isinstance(policy.died(0.1, UNUSABLE), GiveUp)
    assert alive(RestartPolicy(), 0, 1, UNUSABLE) == Again(0.0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.integers(-15, 255)), min_size=1))
def test_a_role_that_was_ready_always_comes_back_within_two_seconds(lives: list[tuple[float, int]]) -> None:
    policy, now = RestartPolicy(), 0.0
    for length, status in lives:
        decision = alive(policy, now, now + length, status)
        assert isinstance(decision, Again)
        assert 0 <= decision.after <= 2.0
        now += length + decision.after
