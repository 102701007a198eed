"""A lesson over the connections that families have, in simulated time."""

import pytest

from tests.links.link import Rules, kilobits
from tests.links.scenario import Scenario

SLOW = Rules(rate=kilobits(800), delay=0.02, queue_seconds=0.3)
DSL = Rules(rate=kilobits(3_000), delay=0.03)
BOTH = ("screen", "camera")


@pytest.mark.parametrize("seed", range(1, 7))
def test_eight_hundred_kilobits_and_a_shared_page_of_text(seed: int) -> None:
    run = Scenario(SLOW, seed=seed)
    run.run(120)
    assert run.voice_loss(0, 118) <= 0.01
    assert run.picture.rate(0, 120) >= 1
    assert run.picture.shown[0][0] <= 3
    assert run.picture.stall(run.picture.shown[0][0], 120) <= 5


@pytest.mark.parametrize("seed", range(1, 6))
def test_who_is_slow_costs_the_others_nothing(seed: int) -> None:
    slow, without = (
        Scenario(rules, seed=seed) for rules in (SLOW, Rules(rate=kilobits(100_000), delay=0.01))
    )
    slow.run(120)
    without.run(120)
    assert slow.screen.octets <= 1.1 * without.screen.octets
    assert slow.screen.key_frames <= 1.1 * without.screen.key_frames


@pytest.mark.parametrize("seed", range(1, 6))
def test_stills_over_the_same_line_do_not_make_it_look_narrower(seed: int) -> None:
    run, without = (
        Scenario(rules, seed=seed, stills=True) for rules in (SLOW, Rules(rate=kilobits(100_000), delay=0.01))
    )
    run.run(120)
    without.run(120)
    assert run.voice_loss(0, 118) <= 0.01
    assert run.picture.rate(5, 120) >= 1.5
    assert run.picture.stall(run.picture.shown[0][0], 120) <= 5
    budgets = sorted(budget for at, budget, _ in run.history if at > 10 and budget is not None)
    assert budgets[0] >= kilobits(400)
    assert budgets[len(budgets) // 2] >= kilobits(550)
    assert run.screen.octets <= 1.1 * without.screen.octets
    assert run.screen.key_frames <= without.screen.key_frames + 3
    assert run.stills is not None
    assert max(run.stills.light) <= 2


@pytest.mark.parametrize("seed", range(1, 7))
def test_what_a_line_took_before_it_became_thin_counts_for_nothing(seed: int) -> None:
    thin = Rules(rate=kilobits(64), delay=0.02)
    run = Scenario(SLOW, changes=[(30, thin)], seed=seed, stills=True)
    run.run(90)
    assert run.voice_loss(38, 88) <= 0.01


@pytest.mark.parametrize("rate", [64, 72, 80, 100])
@pytest.mark.parametrize("seed", range(1, 3))
def test_stills_leave_the_voice_alone_on_the_thinnest_lines(rate: int, seed: int) -> None:
    run = Scenario(Rules(rate=kilobits(rate), delay=0.02), seed=seed, stills=True)
    run.run(120)
    assert run.voice_loss(0, 118) <= 0.01
    assert run.stills is not None
    assert run.stills.light


@pytest.mark.parametrize("seed", range(1, 4))
def test_sixty_four_kilobits_voice_stays_and_pictures_come_back(seed: int) -> None:
    run = Scenario(Rules(rate=kilobits(64), delay=0.03), changes=[(60, DSL)], seed=seed)
    run.run(120)
    assert run.subscriber.allocation.voice_only is None
    assert any(reason == "link_down" for at, reason in run.reasons if at < 30)
    # The first seconds are lost to what was sent before anything was known.
    assert run.voice_loss(8, 58) <= 0.01
    assert run.picture.rate(85, 120) >= 1


@pytest.mark.parametrize("seed", range(1, 4))
def test_losses_of_the_line_starve_nobody(seed: int) -> None:
    run = Scenario(Rules(rate=kilobits(20_000), delay=0.05, loss=0.05), seed=seed)
    run.run(120)
    assert run.picture.rate(5, 120) >= 2
    assert run.picture.stall(5, 120) <= 4
    budget = run.history[-1][1]
    assert budget is None or budget > kilobits(2_000)


def test_a_line_that_narrows_and_widens_again() -> None:
    run = Scenario(DSL, changes=[(40, Rules(rate=kilobits(500), delay=0.03)), (80, DSL)], wanted=BOTH)
    run.run(130)
    narrow = [budget for at, budget, _ in run.history if 45 < at < 80]
    assert all(budget is not None and budget < kilobits(700) for budget in narrow)
    assert run.voice_loss(42, 128) <= 0.01
    budget = run.history[-1][1]
    assert budget is None or budget > kilobits(1_500)


def test_an_outage_of_five_seconds() -> None:
    run = Scenario(DSL, changes=[(40, Rules(rate=0, delay=0.03)), (45, DSL)], wanted=BOTH)
    run.run(90)
    assert run.voice_loss(47, 88) <= 0.01
    assert run.picture.rate(50, 90) >= 1


@pytest.mark.parametrize(
    "rules",
    [Rules(rate=kilobits(100_000), delay=0.01), Rules(rate=kilobits(20_000), delay=0.03, jitter=0.05)],
)
def test_a_healthy_line_is_paced_only_until_it_has_told_so(rules: Rules) -> None:
    run = Scenario(rules, wanted=BOTH)
    run.run(60)
    assert run.outlet.paced_seconds <= 0.4
    assert run.outlet.padding <= 21_000


@pytest.mark.parametrize("drift", [-2e-4, 2e-4])
def test_two_hours_with_a_clock_that_drifts(drift: float) -> None:
    run = Scenario(Rules(rate=kilobits(10_000), delay=0.03), drift=drift, wanted=())
    run.run(7200)
    assert run.outlet.paced_seconds == 0


def test_a_paced_line_with_a_clock_that_drifts() -> None:
    run = Scenario(SLOW, drift=2e-4)
    run.run(120)
    budgets = [budget for at, budget, _ in run.history if at > 20]
    assert all(budget is not None and budget > kilobits(250) for budget in budgets)
    assert run.voice_loss(0, 118) <= 0.01


@pytest.mark.parametrize(
    ("jitter", "rate", "first", "share"),
    [
        (0.12, 2_000, 3, 0.85),
        (0.12, 20_000, 3, 0.85),
        (0.2, 1_000, 5, 0.7),
        (0.2, 2_000, 5, 0.7),
        (0.2, 20_000, 5, 0.7),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_delay_that_goes_up_and_down_by_itself_is_no_queue(
    jitter: float, rate: int, first: float, share: float, seed: int
) -> None:
    run, steady = (
        Scenario(Rules(rate=kilobits(rate), delay=0.03, jitter=each), wanted=BOTH, seed=seed, stills=True)
        for each in (jitter, 0.0)
    )
    run.run(60)
    steady.run(60)
    assert run.picture.shown[0][0] <= first
    assert run.picture.rate(1, 60) >= share * steady.picture.rate(1, 60)
    assert run.picture.stall(5, 60) <= 5
