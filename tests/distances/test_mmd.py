"""MMD: by its definition, unbiased on average, closed forms, gradients through blocks, and slips that must show."""

import math

import pytest
import torch

from coursekit.distances import pairwise
from coursekit.distances.mmd import (
    DistanceKernel,
    GaussianKernel,
    PolynomialKernel,
    RationalQuadraticKernel,
    median_distance,
    mmd_squared,
    witness,
)

F64 = torch.float64
KERNELS = [GaussianKernel((0.5, 2.0)), RationalQuadraticKernel(), PolynomialKernel(), DistanceKernel()]


def draw(n, d, seed, shift=0.0):
    return shift + torch.randn(n, d, dtype=F64, generator=torch.Generator().manual_seed(seed))


def by_definition(x, y, kernel, unbiased):
    def mean(a, b, skip):
        values = [
            kernel(a[i : i + 1], b[j : j + 1]).item()
            for i in range(len(a))
            for j in range(len(b))
            if i != j or not skip
        ]
        return sum(values) / len(values)

    return mean(x, x, unbiased) + mean(y, y, unbiased) - 2 * mean(x, y, False)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: type(k).__name__)
@pytest.mark.parametrize("d", [2, 12])
@pytest.mark.parametrize("unbiased", [True, False])
def test_by_definition(kernel, d, unbiased, monkeypatch):
    x, y = draw(9, d, 0), draw(7, d, 1, 0.5)
    expected = by_definition(x, y, kernel, unbiased)
    # Beyond a few coordinates |x - x|^2 is rounding, about 1e-15, not 0: nothing, except under a root.
    tolerance = 1e-8 if d == 12 and isinstance(kernel, DistanceKernel) else 1e-12 * max(1, abs(expected))
    assert abs(mmd_squared(x, y, kernel, unbiased=unbiased).item() - expected) < tolerance
    monkeypatch.setitem(pairwise.PAIRS_PER_BLOCK, "cpu", 20)  # blocks of two rows, the last one shorter
    assert abs(mmd_squared(x, y, kernel, unbiased=unbiased).item() - expected) < tolerance


def check_unbiased(estimate):
    """P = Q: the mean over many samples is 0 within four standard errors, and about half of them are negative."""
    x, y = draw(3000 * 6, 2, 2).reshape(3000, 6, 2), draw(3000 * 6, 2, 3).reshape(3000, 6, 2)
    values = estimate(x, y)
    assert values.shape == (3000,)
    assert values.mean().abs() < 4 * values.std() / math.sqrt(3000)
    assert 0.3 < (values < 0).double().mean() < 0.8


def test_unbiased():
    check_unbiased(lambda x, y: mmd_squared(x, y, GaussianKernel()))


def test_a_diagonal_left_in_is_noticed():
    with pytest.raises(AssertionError):
        check_unbiased(lambda x, y: mmd_squared(x, y, GaussianKernel(), unbiased=False))


def test_the_root_of_a_negative_estimate_is_noticed():
    with pytest.raises(AssertionError):
        check_unbiased(lambda x, y: mmd_squared(x, y, GaussianKernel()).clamp_min(0).sqrt())


def test_gaussian_closed_form():
    """Two normals and a Gaussian kernel: E k(x, y) = N-convolution; x ~ N(0, 1), y ~ N(1, 1), bandwidth 1."""

    def expectation(shift):
        return math.sqrt(1 / 3) * math.exp(-(shift**2) / 6)

    exact = 2 * expectation(0) - 2 * expectation(1)
    x, y = draw(200 * 100, 1, 4).reshape(200, 100, 1), draw(200 * 100, 1, 5, 1.0).reshape(200, 100, 1)
    values = mmd_squared(x, y, GaussianKernel())
    assert abs(values.mean() - exact) < 4 * values.std() / math.sqrt(200)


def test_the_squared_distance_kernel_sees_means_only():
    x, y = draw(20, 3, 6), draw(30, 3, 7, 1.0)
    expected = 2 * (x.mean(0) - y.mean(0)).square().sum()
    assert abs(mmd_squared(x, y, DistanceKernel(2), unbiased=False) - expected) < 1e-12


def test_kid_against_torchmetrics():
    from torchmetrics.image.kid import poly_mmd

    x, y = draw(40, 16, 8), draw(40, 16, 9, 0.3)
    assert abs(mmd_squared(x, y, PolynomialKernel()) - poly_mmd(x, y)) < 1e-10


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: type(k).__name__)
@pytest.mark.parametrize("pairs", [2**15, 12])
def test_gradients_also_through_blocks(kernel, pairs, monkeypatch):
    monkeypatch.setitem(pairwise.PAIRS_PER_BLOCK, "cpu", pairs)
    x, y = draw(5, 2, 10).requires_grad_(), draw(4, 2, 11).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: mmd_squared(a, b, kernel), (x, y))


def test_gradients_where_points_coincide():
    x = torch.zeros(3, 2, dtype=F64, requires_grad=True)
    mmd_squared(x, draw(4, 2, 12), DistanceKernel()).backward()
    assert x.grad.isfinite().all()


def test_gradients_of_gradients_also_through_blocks(monkeypatch):
    x, y = draw(9, 2, 10).requires_grad_(), draw(7, 2, 11).requires_grad_()

    def both_orders():
        first = torch.autograd.grad(mmd_squared(x, y, GaussianKernel((0.5, 2.0))), (x, y), create_graph=True)
        return *first, *torch.autograd.grad(sum(part.square().sum() for part in first), (x, y))

    whole = both_orders()
    monkeypatch.setitem(pairwise.PAIRS_PER_BLOCK, "cpu", 20)
    torch.testing.assert_close(both_orders(), whole, rtol=1e-12, atol=1e-14)


def test_a_learned_kernel_gets_its_gradient_also_through_blocks(monkeypatch):
    x, y = draw(9, 2, 10).requires_grad_(), draw(7, 2, 11)
    log_width = torch.tensor(0.3, dtype=F64, requires_grad=True)

    def kernel(a, b):
        return torch.exp(-(a[..., :, None, :] - b[..., None, :, :]).square().sum(-1) * torch.exp(log_width))

    whole = torch.autograd.grad(mmd_squared(x, y, kernel), (x, log_width))
    monkeypatch.setitem(pairwise.PAIRS_PER_BLOCK, "cpu", 20)
    blocks = torch.autograd.grad(mmd_squared(x, y, kernel), (x, log_width))
    torch.testing.assert_close(blocks, whole, rtol=1e-12, atol=1e-14)


def test_memory_does_not_grow_with_pairs():
    """With gradients: what autograd keeps for the way back grows with the points, not with their pairs."""

    def kept(n):
        x, y, total = draw(n, 2, 13).requires_grad_(), draw(n, 2, 14), 0

        def pack(tensor):
            nonlocal total
            total += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            mmd_squared(x, y, GaussianKernel())
        return total

    assert kept(1200) < 1200 * 1200 / 4


def test_an_ensemble_equals_its_members():
    x, y = draw(4 * 30, 2, 15).reshape(4, 30, 2), draw(4 * 20, 2, 16, 1.0).reshape(4, 20, 2)
    together = mmd_squared(x, y, GaussianKernel((1.0, 3.0)))
    alone = torch.stack([mmd_squared(a, b, GaussianKernel((1.0, 3.0))) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-14)


def test_the_witness_has_the_biased_mmd_as_its_gap():
    x, y = draw(30, 2, 17), draw(20, 2, 18, 0.5)
    gap = witness(x, x, y, GaussianKernel()).mean() - witness(y, x, y, GaussianKernel()).mean()
    assert abs(gap - mmd_squared(x, y, GaussianKernel(), unbiased=False)) < 1e-12


def test_median_distance_by_hand():
    assert median_distance(torch.tensor([0.0, 1.0]), torch.tensor([3.0])) == pytest.approx(2.0)


def test_points_on_the_line_and_single_precision():
    x, y = draw(10, 1, 19), draw(12, 1, 20)
    flat = mmd_squared(x[:, 0], y[:, 0], GaussianKernel())
    assert flat == mmd_squared(x, y, GaussianKernel())
    single = mmd_squared(x.float(), y.float(), GaussianKernel())
    assert single.dtype == torch.float32 and abs(single - flat) < 1e-6


@pytest.mark.usefixtures("as_students_run_it")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mmd_squared(torch.zeros(1, 2), torch.zeros(3, 2), GaussianKernel()), "x must hold at least 2 points"),
        (lambda: mmd_squared(torch.zeros(3, 2), torch.zeros(3, 4), GaussianKernel()), "points of one space"),
        (lambda: mmd_squared(torch.zeros(3), torch.zeros(3, 1), GaussianKernel()), "as many axes"),
        (lambda: mmd_squared(torch.zeros(3, 2), torch.full((3, 2), torch.nan), GaussianKernel()), "y must be finite"),
        (
            lambda: mmd_squared(torch.zeros(3, 2), torch.zeros(3, 2, dtype=F64), GaussianKernel()),
            "one dtype and device",
        ),
        (lambda: GaussianKernel((0.0,)), "bandwidths must be positive"),
        (lambda: GaussianKernel(()), "bandwidths must be positive"),
        (lambda: RationalQuadraticKernel((-1.0,)), "alphas must be positive"),
        (lambda: PolynomialKernel(0), "degree must be at least 1"),
        (lambda: DistanceKernel(2.5), r"power must lie in \(0, 2\]"),
        (lambda: median_distance(torch.zeros(5, 2), torch.zeros(5, 2)), "most points coincide"),
    ],
)
def test_bad_input_ends_as_sentences(call, message):
    with pytest.raises(ValueError, match=message):
        call()
