"""`./run bench lines`: lessons of two minutes over the connections that families have, in simulated time (half a minute)."""

from statistics import median

from tests.bench._figures import figure
from tests.links.link import Rules, kilobits
from tests.links.scenario import Scenario

BENCH = "lines"
SECONDS = 120.0
BOTH = ("screen", "camera")
EVERYTHING = Rules(rate=kilobits(100_000), delay=0.01)


def text(rate: int, seeds: int) -> None:
    """A page of text with stills over a line of ``rate`` kbit/s with 300 ms of queue."""
    runs = [
        Scenario(Rules(rate=kilobits(rate), delay=0.02), seed=s, stills=True) for s in range(1, seeds + 1)
    ]
    without = [Scenario(EVERYTHING, seed=seed) for seed in range(1, seeds + 1)]
    for run in (*runs, *without):
        run.run(SECONDS)
    line = f"{rate} kbit/s"

    def tell(name: str, values: list[float], unit: str) -> None:
        figure(BENCH, name, max(values), unit, line=line, least=round(min(values), 3), seeds=seeds)

    tell("voice lost", [100 * run.voice_loss(0, SECONDS - 2) for run in runs], "%")
    if shown := [run for run in runs if run.picture.shown]:
        tell("pictures", [run.picture.rate(5, SECONDS) for run in shown], "per s")
        first = [run.picture.shown[0][0] for run in shown]
        tell("first picture", first, "s")
        pairs = zip(shown, first, strict=True)
        tell("longest stall", [run.picture.stall(at, SECONDS) for run, at in pairs], "s")
    budgets = [[b for at, b, _ in run.history if at > 10 and b is not None] for run in runs]
    tell("rate beside the voice, median", [median(each) / 125 for each in budgets if each], "kbit/s")
    tell(
        "light still there",
        [median(run.stills.light) for run in runs if run.stills and run.stills.light],
        "s",
    )
    both = list(zip(runs, without, strict=True))
    tell("published, with by without", [a.screen.octets / b.screen.octets for a, b in both], "")
    tell("key frames more than without", [a.screen.key_frames - b.screen.key_frames for a, b in both], "")


def jitter(milliseconds: int) -> None:
    shares = []
    for rate in (2_000, 5_000, 20_000):
        for seed in (1, 2):
            run, steady = (
                Scenario(
                    Rules(rate=kilobits(rate), delay=0.03, jitter=ms / 1000),
                    seed=seed,
                    wanted=BOTH,
                    stills=True,
                )
                for ms in (milliseconds, 0)
            )
            run.run(60)
            steady.run(60)
            shares.append(run.picture.rate(1, 60) / steady.picture.rate(1, 60))
    figure(
        BENCH,
        f"pictures with {milliseconds} ms of jitter by without",
        max(shares),
        "",
        least=round(min(shares), 3),
    )


def main() -> None:
    for rate in (64, 72, 80, 100):
        text(rate, 6)
    text(800, 8)
    jitter(120)
    jitter(200)


if __name__ == "__main__":
    main()
