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


def hold_and_cool(run: Run, hold: float = 0.5) -> Iterator[Update]:
    """Pulls a run to its end; the rates stay as they are for its first part, then fall to zero in a straight line.

    Most of the way is made while the rate is high; the calm end needs a part of the run only.

    Args:
        run: Its rates now are those that it keeps at first.
        hold: Share of the run that is made at full rates, at least 0 and below 1. At 0 this is `cool`.

    Yields:
        Its updates; number s, from 1 on, is made at the share min(1, (1 - (s - 1) / steps) / (1 - hold)).

    Raises:
        ValueError: If hold is out of range.
    """
    if not 0 <= hold < 1:
        raise ValueError(f"hold is a share of the run, at least 0 and below 1, got {hold}.")
    rates = {name: run.learning_rate(name) for name in run.players}

    def set_rates() -> None:
        left = 1 - min(run.step / run.steps, 1.0)
        for name, rate in rates.items():
            run.set_learning_rate(rate * min(1.0, left / (1 - hold)), name)

    set_rates()
    for update in run:
        set_rates()
        yield update
