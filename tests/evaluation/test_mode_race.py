"""Races: judged when asked, passes counted exactly, better means more modes and then more even."""

import math

import pytest
import torch

from coursekit.distributions import get
from coursekit.evaluation.mode_race import Trace, beats, follow, judge, medians, rank
from coursekit.evaluation.modes import count_modes, modes_of
from coursekit.gans import configured
from coursekit.seeds import generator, seeded
from coursekit.training import fit_adversarial

DATA = get("ring-8")


def race(name="vanilla", members=2, at=(2, 6), steps=6, **changes):
    game = configured(name, "ring-8", members=members, hidden=(4, 4), batch=12, steps=steps, **changes)
    with seeded(0):
        g, d = game.nets()
    run = fit_adversarial(g, d, game.data(), **game.options)
    return g, follow(run, g, game.data(), at, critic=d, pack=game.pack, n=50)


def test_it_judges_when_asked_with_the_same_noise():
    g, trace = race()
    assert trace.steps == [2, 6] and trace.last.count.shape == (2,)
    again = modes_of(g, DATA, n=50, generator=generator(10_000))
    assert torch.equal(trace.last.populations, again.populations)
    table = trace.table()
    assert {len(column) for column in table.values()} == {2} and len(table["modes"][0]) == 2
    assert 0 < trace.seconds[0] < trace.seconds[1]


@pytest.mark.parametrize(("name", "a_pair"), [("vanilla", 4), ("pacgan3", 4), ("unrolled", 14), ("veegan", 4)])
def test_every_pass_of_the_critic_is_counted(name, a_pair):
    """Each player asks it twice, about data and about fakes; k = 5 thought-of steps ask it ten times more."""
    _, trace = race(name)
    assert trace.passes == [a_pair, 3 * a_pair] and trace.judged == [12 * a_pair, 36 * a_pair]


def test_at_must_be_reached():
    with pytest.raises(ValueError, match=r"judged at the updates \[2\], but \[2, 8\]"):
        race(at=(2, 8))
    for at in ((), (4, 2), (0, 2)):
        with pytest.raises(ValueError, match="increasing numbers"):
            race(at=at)


def found(*populations):
    """One member for each list of how many points lie on which mode."""
    return count_modes(torch.stack([DATA.means.repeat_interleave(torch.tensor(p), 0) for p in populations]), DATA)


def test_more_modes_win_and_only_then_evenness():
    a, b, c, d = rank(found([3] * 8, [17, *[1] * 7], [4, 4, 4, 4, 4, 2, 2, 0], [24, *[0] * 7]))
    assert a > b > c > d
    better, worse = found([3] * 8, [3] * 8, [24, *[0] * 7]), found([17, *[1] * 7], [24, *[0] * 7], [3] * 8)
    count, p = beats(better, worse)
    assert count == 2 and math.isclose(p, 0.5)
    assert beats(better, better)[0] == 1, "ties count half, rounded down"


def test_medians():
    modes, quality, kl = medians(found([3] * 8, [24, *[0] * 7], [24, *[0] * 7]))
    assert modes == 1 and quality == 1 and math.isclose(kl, math.log(8))


def trace_of(*populations, seconds=10.0, passes=4, steps=6):
    return Trace([steps], [found(*populations)], [seconds], [passes], [passes])


def test_a_verdict_needs_seven_of_eight_for_one_remedy_and_more_for_two():
    good, bad = [3] * 8, [24, *[0] * 7]
    plain, seven = trace_of(*[bad] * 7, good), trace_of(*[good] * 7, bad, seconds=15.0, passes=12)
    one = judge({"vanilla": plain, "pacgan2": seven})
    assert one.finding == "" and one.figures["pacgan2: wins"] == 7 and math.isclose(one.figures["pacgan2: p"], 9 / 256)
    assert one.figures["pacgan2: relative seconds"] == 1.5 and one.figures["pacgan2: relative passes"] == 3
    assert one.figures["vanilla: modes"] == 1 and one.figures["pacgan2: modes"] == 8 and "7 of 8 seeds" in one.sentence
    two = judge(
        {"vanilla": trace_of(*[bad] * 8), "a": trace_of(*[good] * 7, [24, *[0] * 7]), "b": trace_of(*[good] * 8)}
    )
    assert "a is better than vanilla on 7 of 8" in two.finding and "b is" not in two.finding
    with pytest.raises(ValueError, match="different updates"):
        judge({"vanilla": plain, "a": trace_of(good, steps=7)})
