"""Learning rates that fall to zero: a run that ends calm.

With a constant rate the parameters never settle; they tremble around where they would go, and two players around each
other. The last thing seen of such a run is a snapshot of the trembling. If the rate falls to zero, it dies away.
"""

from collections.abc import Iterator

from coursekit.training.run import Run, Update


def cool(run: Run) -> Iterator[Update]:
    """Pulls a run to its end while the learning rate of every player falls to zero in a straight line.

    Args:
        run: Its rates now are those that it would have at step 0.

    Yields:
        Its updates; number s, from 1 on, is made at the share 1 - (s - 1) / steps of the first rate.
    """
    rates = {name: run.learning_rate(name) for name in run.players}

    def set_rates() -> None:
        for name, rate in rates.items():
            run.set_learning_rate(rate * (1 - min(run.step / run.steps, 1.0)), name)

    set_rates()
    for update in run:
        set_rates()
        yield update
