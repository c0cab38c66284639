"""Sinkhorn: plans against POT, both limits of epsilon, gradients against differences, and slips that must show."""

import math
import warnings

import ot
import pytest
import torch

from coursekit.distances import pairwise
from coursekit.distances.mmd import DistanceKernel, mmd_squared
from coursekit.distances.sinkhorn import NotConvergedWarning, sinkhorn
from coursekit.distances.sinkhorn_divergence import entropic_cost, sinkhorn_divergence
from coursekit.distances.transport import optimal_transport
from coursekit.distances.transport_1d import wasserstein_1d

F64 = torch.float64


def draw(n, d, seed, shift=0.0):
    return shift + torch.randn(n, d, dtype=F64, generator=torch.Generator().manual_seed(seed))


def histogram(n, seed):
    masses = torch.rand(n, dtype=F64, generator=torch.Generator().manual_seed(seed))
    return masses / masses.sum()


P, Q = histogram(12, 0), histogram(9, 1)
COST = torch.cdist(draw(12, 2, 2), draw(9, 2, 3, 1.0)).square()


@pytest.mark.parametrize("epsilon", [0.3, 1.0, 30.0])
def test_plans_against_pot(epsilon):
    ours = sinkhorn(P, Q, COST, epsilon, tolerance=1e-12)
    peer = ot.sinkhorn(P.numpy(), Q.numpy(), COST.numpy(), epsilon, method="sinkhorn_log", stopThr=1e-12,
                       numItermax=20_000)  # fmt: skip
    torch.testing.assert_close(ours.plan, torch.from_numpy(peer), atol=1e-9, rtol=0)
    assert (ours.plan.sum(0) - Q).abs().max() < 1e-12 and (ours.plan.sum(1) - P).abs().sum() < 1e-11
    relative_entropy = (ours.plan * (ours.plan / (P[:, None] * Q)).log()).sum()
    assert abs(ours.value - (ours.cost + epsilon * relative_entropy)) < 1e-9
    assert abs(ours.cost - (ours.plan * COST).sum()) < 1e-12


def check_small_epsilon(plan_of):
    """At e = largest cost / 2000 the plan still has its marginals, and costs next to what the cheapest does."""
    epsilon = COST.max().item() / 2000
    plan = plan_of(P, Q, COST, epsilon)
    assert plan.isfinite().all()
    assert (plan.sum(0) - Q).abs().max() < 1e-6
    cheapest = optimal_transport(P, Q, COST).cost
    # The blur costs at most epsilon times the entropy of the cheapest plan relative to p q^T, below log(1 / p).
    assert -1e-6 < (plan * COST).sum() - cheapest < epsilon * math.log(1 / P.min().item())


def without_the_log_domain(p, q, cost, epsilon):
    kernel = torch.exp(-cost / epsilon)
    v = torch.ones_like(q)
    for _ in range(3000):
        u = p / (kernel @ v)
        v = q / (kernel.T @ u)
    return u[:, None] * kernel * v


def test_small_epsilon():
    check_small_epsilon(lambda *problem: sinkhorn(*problem, max_steps=50_000).plan)


def test_a_version_without_the_log_domain_is_noticed():
    fine = without_the_log_domain(P, Q, COST, 1.0)
    torch.testing.assert_close(fine, sinkhorn(P, Q, COST, 1.0, tolerance=1e-12).plan, atol=1e-8, rtol=0)
    with pytest.raises(AssertionError):
        check_small_epsilon(without_the_log_domain)


def test_p_and_q_swapped_are_noticed():
    square, other = COST[:9], histogram(9, 5)
    right, swapped = (sinkhorn(*given, square, 1.0).plan for given in ((other, Q), (Q, other)))
    assert (right.sum(1) - other).abs().max() < 1e-8 < 0.01 < (swapped.sum(1) - other).abs().max()


def test_zero_masses_and_masses_other_than_one():
    p, q = torch.tensor([1.0, 0.0, 1.0], dtype=F64), torch.tensor([0.5, 1.5, 0.0], dtype=F64)
    answer = sinkhorn(p, q, [[0.0, 1, 4], [1, 0, 1], [4, 1, 0]], 0.1)
    torch.testing.assert_close(answer.plan.sum(1), p, atol=1e-8, rtol=0)
    torch.testing.assert_close(answer.plan.sum(0), q, atol=1e-12, rtol=0)
    assert math.isfinite(answer.value)


@pytest.mark.parametrize("power", [1, 2])
def test_a_large_epsilon_gives_half_the_mmd(power):
    x, y = draw(30, 2, 6), draw(25, 2, 7, 1.0)
    half = mmd_squared(x, y, DistanceKernel(power), unbiased=False).item() / 2
    errors = [abs(sinkhorn_divergence(x, y, e, power=power, tolerance=1e-12).item() - half) for e in (1e2, 1e3, 1e4)]
    assert errors[-1] < 2e-3 * half
    assert errors[1] / errors[2] == pytest.approx(10, rel=0.1)  # the difference goes like 1 / e


@pytest.mark.parametrize("power", [1, 2])
def test_a_small_epsilon_gives_the_cost_of_transport(power):
    x, y = draw(12, 1, 8)[:, 0], draw(12, 1, 9, 2.0)[:, 0]
    exact = wasserstein_1d(x, y, order=power).item() ** power
    e = exact / 300
    assert (
        abs(sinkhorn_divergence(x, y, e, power=power, tolerance=1e-3, max_steps=20_000).item() - exact) < 0.01 * exact
    )


def check_debiased(divergence):
    """Zero for equal samples, positive for others, symmetric."""
    x, y = draw(20, 2, 10), draw(20, 2, 11, 0.1)
    assert divergence(x, x).abs() < 1e-6
    assert divergence(x, y) > 1e-4
    torch.testing.assert_close(divergence(x, y), divergence(y, x), atol=1e-5, rtol=0)


def test_debiased():
    check_debiased(lambda x, y: sinkhorn_divergence(x, y, 1.0, tolerance=1e-9))


def test_a_version_without_debiasing_is_noticed():
    with pytest.raises(AssertionError):
        check_debiased(lambda x, y: entropic_cost(x, y, 1.0))


def test_the_entropic_cost_is_the_value_of_the_plan():
    x, y = draw(12, 2, 2), draw(9, 2, 3, 1.0)
    uniform = [torch.full((k,), 1 / k, dtype=F64) for k in (12, 9)]
    value = sinkhorn(*uniform, COST, 0.7, tolerance=1e-12).value
    assert abs(entropic_cost(x, y, 0.7, tolerance=1e-12).item() - value) < 1e-9


def test_two_normals_in_closed_form():
    """Of N(0, 1) and N(m, 1) with the cost |x - y|^2 all but the means cancels: S_e = m^2, whatever e."""
    x = torch.distributions.Normal(0.0, 1.0).icdf((torch.arange(400, dtype=F64) + 0.5) / 400)
    for e in (0.5, 5.0):
        assert abs(sinkhorn_divergence(x, x + 1.5, e).item() - 2.25) < 1e-4


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("pairs", [2**15, 6])
def test_gradients_against_differences(power, pairs, monkeypatch):
    monkeypatch.setitem(pairwise.PAIRS_PER_BLOCK, "cpu", pairs)
    x, y = draw(4, 2, 12).requires_grad_(), draw(3, 2, 13, 0.5).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, b: sinkhorn_divergence(a, b, 3.0, power=power, tolerance=1e-12), (x, y), atol=1e-6
    )


def test_following_the_gradient_moves_one_cloud_onto_the_other():
    x, y = draw(40, 2, 14).requires_grad_(), draw(40, 2, 15, 3.0)
    before = sinkhorn_divergence(x, y, 1.0).item()
    for _ in range(10):
        (gradient,) = torch.autograd.grad(sinkhorn_divergence(x, y, 1.0, tolerance=1e-3), x)
        x = (x - 40 / 2 * 0.7 * gradient).detach().requires_grad_()  # n / 2 times it is the way to go
    assert sinkhorn_divergence(x, y, 1.0).item() < before / 200


def test_weights_count_as_repeats():
    x, y = draw(4, 2, 16), draw(5, 2, 17)
    weighted = sinkhorn_divergence(x, y, 0.5, x_weights=[0.4, 0.3, 0.2, 0.1], tolerance=1e-11)
    repeated = sinkhorn_divergence(x.repeat_interleave(torch.tensor([4, 3, 2, 1]), 0), y, 0.5, tolerance=1e-11)
    assert abs(weighted - repeated) < 1e-8


def test_an_ensemble_equals_its_members():
    x, y = draw(3 * 15, 2, 18).reshape(3, 15, 2), draw(3 * 12, 2, 19, 1.0).reshape(3, 12, 2)
    x = x * torch.tensor([1.0, 5.0, 0.1], dtype=F64)[:, None, None]  # they converge after different numbers of steps
    together = sinkhorn_divergence(x, y, 0.5)
    alone = torch.stack([sinkhorn_divergence(a, b, 0.5) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-10, atol=1e-12)


def test_memory_does_not_grow_with_pairs():
    def kept(n):
        x, y, total = draw(n, 2, 20).requires_grad_(), draw(n, 2, 21), 0

        def pack(tensor):
            nonlocal total
            total += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            sinkhorn_divergence(x, y, 20.0, tolerance=1e-2)
        return total

    assert kept(900) < 900 * 900 / 4


def test_single_precision_converges_to_its_tolerance():
    x, y = draw(50, 2, 22), draw(50, 2, 23, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        single = sinkhorn_divergence(x.float(), y.float(), 0.5)
    assert single.dtype == torch.float32 and abs(single - sinkhorn_divergence(x, y, 0.5)) < 1e-3


def test_too_few_steps_are_said():
    with pytest.warns(NotConvergedWarning, match=r"after 20 steps.*raise max_steps"):
        sinkhorn(P, Q, COST, 0.01, max_steps=20)
    with pytest.warns(NotConvergedWarning, match="still on its way down"):
        sinkhorn_divergence(draw(5, 2, 24), draw(5, 2, 25), 1e-3, max_steps=2)


@pytest.mark.usefixtures("as_students_run_it")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sinkhorn(P, Q, COST, 0.0), "epsilon must be a positive number, got 0.*optimal_transport"),
        (lambda: sinkhorn(P, Q, COST, -1.0), "epsilon must be a positive number"),
        (lambda: sinkhorn(P, 2 * Q, COST, 1.0), "divide each by its sum"),
        (lambda: sinkhorn(P, Q, COST.T, 1.0), r"cost must have shape \(n, m\) = \(12, 9\)"),
        (lambda: sinkhorn(P, Q, COST, 1.0, tolerance=0.0), "tolerance must be a positive share"),
        (lambda: sinkhorn(P, Q, COST, 1.0, max_steps=0), "max_steps must be at least 1"),
        (lambda: sinkhorn_divergence(torch.zeros(2, 2), torch.zeros(2, 2), math.nan), "epsilon must be"),
        (lambda: sinkhorn_divergence(torch.zeros(2, 2), torch.zeros(2, 3), 1.0), "points of one space"),
        (lambda: sinkhorn_divergence(torch.zeros(0, 2), torch.zeros(2, 2), 1.0), "x must hold at least 1 point"),
        (lambda: sinkhorn_divergence(torch.zeros(2, 2), torch.zeros(2, 2), 1.0, x_weights=[1.0]), r"shape \(2,\)"),
    ],
)
def test_bad_input_ends_as_sentences(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.usefixtures("as_students_run_it")
def test_another_power_ends_as_a_sentence():
    with pytest.raises(ValueError, match="power must be 1"):
        sinkhorn_divergence(torch.zeros(2, 2), torch.zeros(2, 2), 1.0, power=3)
