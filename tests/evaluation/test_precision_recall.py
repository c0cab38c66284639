"""Precision and recall, density and coverage: by hand, by loops, on cases with a known answer; slips that must show."""

import pytest
import torch

from coursekit.distances import pairwise
from coursekit.evaluation.precision_recall import expected_coverage, precision_recall

F64 = torch.float64


def draw(n, k, seed, shift=0.0):
    return shift + torch.randn(n, k, dtype=F64, generator=torch.Generator().manual_seed(seed))


def by_loops(generated, data, k):
    def radius(points, i):
        others = [(points[i] - p).norm().item() for j, p in enumerate(points) if j != i]
        return sorted(others)[k - 1]

    def holds(centres, i, point):
        return (centres[i] - point).norm().item() <= radius(centres, i) + 1e-12

    count = [sum(holds(data, i, g) for i in range(len(data))) for g in generated]
    back = [sum(holds(generated, i, d) for i in range(len(generated))) for d in data]
    hit = [any(holds(data, i, g) for g in generated) for i in range(len(data))]

    def share(these):
        return sum(bool(t) for t in these) / len(these)

    return share(count), share(back), sum(count) / len(count) / k, share(hit)


def check_by_loops(figures):
    for d, seed in ((2, 0), (12, 1)):
        x, y = draw(17, d, seed, 0.8), draw(22, d, seed + 5)
        for k in (1, 3):
            assert figures(x, y, k) == pytest.approx(by_loops(x, y, k), abs=1e-12)


def ours(x, y, k):
    found = precision_recall(x, y, neighbours=k)
    return found.precision, found.recall, found.density, found.coverage


@pytest.mark.parametrize("pairs", [2**15, 40])
def test_by_loops_also_in_blocks(pairs, monkeypatch):
    monkeypatch.setitem(pairwise.PAIRS_PER_BLOCK, "cpu", pairs)
    check_by_loops(ours)


def test_precision_and_recall_swapped_are_noticed():
    with pytest.raises(AssertionError):
        check_by_loops(lambda x, y, k: ours(y, x, k))


def test_by_hand():
    """Data 0, 1, 3 have balls of radius 1, 1, 2; of 0.5 and 9 the first lies in two of them, the second in none."""
    found = precision_recall(torch.tensor([0.5, 9.0]), torch.tensor([0.0, 1.0, 3.0]), neighbours=1)
    assert (found.precision, found.density) == (0.5, 1.0)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.recall == 1.0  # the far point's ball reaches over everything: what density and coverage are for


def test_one_good_picture_has_precision_and_no_recall_and_noise_the_reverse():
    data = torch.cat([draw(100, 2, 3), draw(100, 2, 4, 20.0)])
    half = draw(200, 2, 5)
    found = precision_recall(half, data)
    assert found.precision > 0.9 and 0.4 < found.recall < 0.55
    wide = precision_recall(30 * draw(200, 2, 6), data)
    assert wide.precision < 0.2


def test_copies_score_full_marks():
    """Which is why they are a matter of their own: see memorisation."""
    data = draw(60, 12, 7)
    found = precision_recall(data.clone(), data)
    assert (found.precision, found.recall, found.coverage) == (1.0, 1.0, 1.0)


def test_an_outlier_spoils_precision_but_not_density():
    data, bad = draw(100, 2, 8), draw(100, 2, 9, 6.0)
    without, outlier = precision_recall(bad, data), torch.tensor([[12.0, 12.0]], dtype=F64)
    spoilt = precision_recall(bad, torch.cat([data, outlier]))
    assert without.precision < 0.1 and spoilt.precision > 0.9
    assert spoilt.density < 0.5


def test_expected_coverage_is_the_mean():
    n, m, k = 30, 20, 3
    values = [precision_recall(draw(n, 2, 2 * s), draw(m, 2, 2 * s + 1), neighbours=k) for s in range(400)]
    covered = torch.tensor([v.coverage for v in values])
    assert abs(covered.mean() - expected_coverage(n, m, k)) < 4 * covered.std() / 20
    density = torch.tensor([v.density for v in values])
    assert abs(density.mean() - 1) < 4 * density.std() / 20


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: precision_recall(torch.zeros(3, 2), torch.zeros(9, 2)), "generated must hold at least 4 points"),
        (lambda: precision_recall(torch.zeros(9, 2), torch.zeros(9, 3)), "points of one space"),
        (lambda: precision_recall(torch.zeros(9, 2), torch.full((9, 2), torch.nan)), "data must be finite"),
        (lambda: precision_recall(torch.zeros(9, 2), torch.zeros(9, 2), neighbours=0), "neighbours must be at least 1"),
        (lambda: expected_coverage(5, 3, 3), "m must be at least 4"),
    ],
)
def test_bad_input_ends_as_sentences(call, message):
    import jaxtyping

    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        with pytest.raises(ValueError, match=message):
            call()
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)
