"""Expectation-maximisation against scikit-learn, closed forms and its own promise that the likelihood never falls."""

import itertools
import math
import warnings

import numpy as np
import pytest
import sklearn.mixture
import threadpoolctl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.density import (
    EmptyComponentWarning,
    GaussianMixture,
    Parameters,
    e_step,
    expectation_maximisation,
    initial_parameters,
    m_step,
)
from coursekit.distributions import get

F64 = torch.float64
KINDS = {"full": "full", "diagonal": "diag"}


def start_for(x, components, covariance="full", seed=0, **kwargs):
    generator = torch.Generator().manual_seed(seed)
    return initial_parameters(x, components, covariance=covariance, generator=generator, **kwargs)


def peer(start, reg_covar, steps, x):
    """scikit-learn's mixture from the same start after the same number of steps."""
    full = start.covariance == "full"
    precisions = np.linalg.inv(start.covariances.numpy()) if full else 1 / start.covariances.numpy()
    mixture = sklearn.mixture.GaussianMixture(
        len(start.weights),
        covariance_type=KINDS[start.covariance],
        weights_init=start.weights.numpy(),
        means_init=start.means.numpy(),
        precisions_init=precisions,
        reg_covar=reg_covar,
        max_iter=steps,
        tol=0.0,
    )
    # One thread: with several, its small matrix products wait for each other on a busy machine.
    with warnings.catch_warnings(), threadpoolctl.threadpool_limits(1):
        warnings.simplefilter("ignore")  # that it has not converged is the point
        return mixture.fit(x.numpy())


@pytest.mark.parametrize("covariance", KINDS)
@pytest.mark.parametrize("reg_covar", [0.0, 1e-6, 0.05])
@pytest.mark.parametrize(("name", "components"), [("cross", 2), ("cross", 5), ("grid-25", 25)])
def test_equals_scikit_learn_from_the_same_start(name, components, reg_covar, covariance):
    x = get(name).sample(1000, generator=torch.Generator().manual_seed(0))
    start, steps = start_for(x, components, covariance), 15
    *_, last = expectation_maximisation(x, start, steps=steps, reg_covar=reg_covar)
    theirs = peer(start, reg_covar, steps, x)
    assert abs(last.log_likelihood - theirs.score(x.numpy())) < 1e-6
    torch.testing.assert_close(last.means, torch.from_numpy(theirs.means_), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(last.covariances, torch.from_numpy(theirs.covariances_), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(last.weights, torch.from_numpy(theirs.weights_), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(
        last.responsibilities, torch.from_numpy(theirs.predict_proba(x.numpy())), rtol=0.0, atol=1e-6
    )
    fitted = GaussianMixture(components, covariance=covariance, reg_covar=reg_covar)
    fitted.fit(x, start=start, max_steps=steps, tolerance=0.0)
    assert abs(fitted.bic(x) - theirs.bic(x.numpy())) < 1e-3
    assert len(fitted.log_likelihoods) == steps + 1


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4), st.sampled_from(list(KINDS)), st.booleans())
def test_the_likelihood_never_decreases(seed, components, d, covariance, spread_out):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(120, d, dtype=F64, generator=generator) ** 3
    start = start_for(x, components, covariance, seed, method="kmeans++" if spread_out else "points")
    gains, last = [], None
    try:
        for state in expectation_maximisation(x, start, steps=25, reg_covar=0.0):
            gains += [] if last is None else [state.log_likelihood - last]
            last = state.log_likelihood
    except ValueError as error:  # without reg_covar a component may collapse: only that may end the run
        assert "Raise reg_covar" in str(error)
    assert all(gain >= -1e-9 for gain in gains)


@pytest.mark.parametrize("covariance", KINDS)
def test_a_responsibility_that_is_off_is_seen_by_the_likelihood(covariance):
    """The promise has teeth: with a wrong E-step the likelihood does fall."""
    x = get("cross").sample(400, generator=torch.Generator().manual_seed(0))
    parameters = start_for(x, 2, covariance)
    for _ in range(30):
        parameters = m_step(x, e_step(x, parameters)[0], covariance=covariance, reg_covar=0.0)
    swapped = m_step(x, e_step(x, parameters)[0].square(), covariance=covariance, reg_covar=0.0)
    assert e_step(x, swapped)[1].mean() < e_step(x, parameters)[1].mean() - 1e-4


@pytest.mark.parametrize("reg_covar", [1e-6, 1e-3])
def test_with_reg_covar_the_likelihood_falls_by_no_more_than_that_allows(reg_covar):
    x = get("cross").sample(500, generator=torch.Generator().manual_seed(1))
    states = expectation_maximisation(x, start_for(x, 3), steps=200, reg_covar=reg_covar)
    values = [state.log_likelihood for state in states]
    # d reg_covar / (2 smallest variance), with a smallest variance of 0.1 in either arm and 2 dimensions.
    assert min(b - a for a, b in itertools.pairwise(values)) > -reg_covar / 0.1


@pytest.mark.parametrize("covariance", KINDS)
def test_one_component_is_the_samples_mean_and_covariance(covariance):
    x = torch.randn(50, 3, dtype=F64, generator=torch.Generator().manual_seed(0))
    parameters = m_step(x, torch.ones(50, 1, dtype=F64), covariance=covariance, reg_covar=0.25)
    expected = torch.cov(x.T, correction=0) + 0.25 * torch.eye(3, dtype=F64)
    torch.testing.assert_close(parameters.means[0], x.mean(0))
    torch.testing.assert_close(parameters.covariances[0], expected if covariance == "full" else expected.diagonal())
    assert parameters.weights.tolist() == [1.0]


def test_e_step_by_hand_and_far_away():
    parameters = Parameters(
        torch.tensor([0.25, 0.75], dtype=F64), torch.tensor([[0.0], [2.0]], dtype=F64), torch.ones(2, 1, dtype=F64)
    )
    responsibilities, log_prob = e_step(torch.tensor([[1.0], [1e6]], dtype=F64), parameters)
    # Half way the normals agree, so the weights decide; far out the nearer one takes all.
    torch.testing.assert_close(responsibilities, torch.tensor([[0.25, 0.75], [0.0, 1.0]], dtype=F64))
    expected = torch.tensor([-0.5, -0.5 * (1e6 - 2) ** 2 + math.log(0.75)], dtype=F64) - 0.5 * math.log(2 * math.pi)
    torch.testing.assert_close(log_prob, expected, rtol=1e-12, atol=0.0)


def test_steps_are_the_functions_one_sees():
    x = get("cross").sample(200, generator=torch.Generator().manual_seed(0))
    states = list(expectation_maximisation(x, start_for(x, 2), steps=3, reg_covar=1e-6))
    assert [state.step for state in states] == [0, 1, 2, 3]
    for before, after in itertools.pairwise(states):
        expected = m_step(x, before.responsibilities, covariance="full", reg_covar=1e-6)
        assert torch.equal(after.means, expected.means) and torch.equal(after.covariances, expected.covariances)
        responsibilities, log_prob = e_step(x, after.parameters)
        assert torch.equal(after.responsibilities, responsibilities)
        assert after.log_likelihood == log_prob.mean().item()
        torch.testing.assert_close(responsibilities.sum(1), torch.ones(200, dtype=F64))


@pytest.mark.parametrize("covariance", KINDS)
def test_an_empty_component_is_announced_and_harmless(covariance):
    x = get("cross").sample(200, generator=torch.Generator().manual_seed(0))
    good = start_for(x, 2, covariance)
    ghost = Parameters(
        torch.tensor([0.4, 0.4, 0.2], dtype=F64),
        torch.cat([good.means, torch.full((1, 2), 1e4, dtype=F64)]),
        torch.cat([good.covariances, good.covariances[:1] * 1e-3]),
    )
    with pytest.warns(EmptyComponentWarning, match="component 2 has lost all points; it stays, with weight zero"):
        states = list(expectation_maximisation(x, ghost, steps=10, reg_covar=0.0))
    assert all(torch.isfinite(value).all() for state in states for value in vars(state.parameters).values())
    assert states[-1].weights[2] == 0 and (states[-1].responsibilities[:, 2] == 0).all()
    assert min(b.log_likelihood - a.log_likelihood for a, b in itertools.pairwise(states)) > -1e-12
    *_, without = expectation_maximisation(x, good, steps=10, reg_covar=0.0)
    assert abs(states[-1].log_likelihood - without.log_likelihood) < 1e-9


@pytest.mark.parametrize("covariance", KINDS)
def test_a_collapsed_component_is_said_aloud_and_cured_by_reg_covar(covariance):
    x = torch.randn(100, 2, dtype=F64, generator=torch.Generator().manual_seed(0))
    x[:20] = 5.0
    start = start_for(x, 6, covariance, seed=1)
    with pytest.raises(
        ValueError, match=r"has shrunk onto a point or a line; its likelihood has no maximum\. Raise reg_covar"
    ):
        list(expectation_maximisation(x, start, steps=100, reg_covar=0.0))
    *_, last = expectation_maximisation(x, start, steps=100, reg_covar=1e-3)
    assert math.isfinite(last.log_likelihood)


def test_large_samples_make_no_covariance_look_asymmetric():
    x = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0))
    *_, last = expectation_maximisation(x, start_for(x, 2), steps=2)
    assert math.isfinite(last.log_likelihood) and last.means.dtype == torch.float32


@pytest.mark.parametrize("covariance", KINDS)
def test_fit_sample_and_score(covariance):
    truth = get("grid-25")
    x, test = (truth.sample(n, generator=torch.Generator().manual_seed(n)) for n in (2000, 4000))
    fits = [
        GaussianMixture(25, covariance=covariance).fit(x, generator=torch.Generator().manual_seed(seed))
        for seed in range(5)
    ]
    best = max(fits, key=lambda fit: fit.log_likelihoods[-1])
    assert best.converged and len(best.log_likelihoods) < 200
    # A free parameter costs half a nat a sample on unseen data: 149 parameters at most, 2000 points.
    assert 0 < (truth.log_prob(test) - best.log_prob(test)).mean() < 0.1
    drawn = best.sample(4000, generator=torch.Generator().manual_seed(0))
    assert abs(truth.log_prob(drawn).mean() - truth.log_prob(test).mean()) < 0.2
    torch.testing.assert_close(best.mixture().log_prob(test), best.log_prob(test), rtol=1e-9, atol=1e-9)
    assert (best.responsibilities(test).sum(1) - 1).abs().max() < 1e-12


def test_bic_finds_the_number_of_components():
    x = get("gap").sample(500, generator=torch.Generator().manual_seed(0))
    scores = [GaussianMixture(k).fit(x, generator=torch.Generator().manual_seed(0)).bic(x) for k in (1, 2, 3)]
    assert scores[1] == min(scores)


def test_points_on_the_line_need_no_second_axis():
    x = get("gap").sample(300, generator=torch.Generator().manual_seed(0))
    flat = GaussianMixture(2).fit(x, generator=torch.Generator().manual_seed(0))
    column = GaussianMixture(2).fit(x[:, None], generator=torch.Generator().manual_seed(0))
    assert torch.equal(flat.log_prob(x), column.log_prob(x[:, None]))
    assert flat.sample(7, generator=torch.Generator().manual_seed(0)).shape == (7,)
    assert column.sample(7, generator=torch.Generator().manual_seed(0)).shape == (7, 1)


@pytest.mark.parametrize("method", ["kmeans++", "points"])
def test_starts_are_data_points_and_follow_the_seed(method):
    x = get("grid-25").sample(500, generator=torch.Generator().manual_seed(0))
    starts = [start_for(x, 25, seed=seed, method=method) for seed in (3, 3, 4)]
    assert torch.equal(starts[0].means, starts[1].means) and not torch.equal(starts[0].means, starts[2].means)
    taken = (starts[0].means[:, None] == x).all(2).any(1)
    assert taken.all() and len(starts[0].means.unique(dim=0)) == 25
    assert torch.equal(starts[0].covariances[0], starts[0].covariances[24])
    assert abs(starts[0].weights.sum().item() - 1) < 1e-12


def test_spreading_out_reaches_more_clusters_than_points_at_random():
    truth = get("grid-25")
    reached = {"kmeans++": 0, "points": 0}
    for seed in range(5):
        x = truth.sample(500, generator=torch.Generator().manual_seed(seed))
        for method in reached:
            means = start_for(x, 25, seed=seed, method=method).means
            reached[method] += len(torch.cdist(means, truth.means).argmin(1).unique())
    assert reached["kmeans++"] > reached["points"] + 10


def test_repeated_values_do_not_stop_the_start():
    x = torch.zeros(10, 2, dtype=F64)
    start = start_for(x, 3, reg_covar=0.5)
    assert torch.equal(start.means, torch.zeros(3, 2, dtype=F64))
    torch.testing.assert_close(start.covariances[0], 0.5 * torch.eye(2, dtype=F64))


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_input():
    x = torch.randn(10, 2, dtype=F64, generator=torch.Generator().manual_seed(0))
    start = start_for(x, 2)
    for components, message in [(0, "at least 1"), (2.5, "whole number")]:
        with pytest.raises(ValueError, match=message):
            GaussianMixture(components)
    with pytest.raises(ValueError, match=r"no kind of covariance called 'diag'\. Did you mean 'diagonal'"):
        GaussianMixture(2, covariance="diag")
    for reg_covar in (-1e-6, math.nan, math.inf):
        with pytest.raises(ValueError, match="reg_covar must be a finite number, zero or more"):
            GaussianMixture(2, reg_covar=reg_covar)
        with pytest.raises(ValueError, match="reg_covar must be a finite number, zero or more"):
            expectation_maximisation(x, start, reg_covar=reg_covar)
    with pytest.raises(ValueError, match="x must hold at least 11 points, got 10"):
        GaussianMixture(11).fit(x)
    with pytest.raises(ValueError, match="x must be finite"):
        GaussianMixture(2).fit(torch.full((3, 2), torch.nan))
    with pytest.raises(ValueError, match="at least 2 points, got 0"):
        GaussianMixture(2).fit(x[:0])
    with pytest.raises(ValueError, match="the start has 2 components with full covariances, the mixture 3 with full"):
        GaussianMixture(3).fit(x, start=start)
    for call in (lambda m: m.log_prob(x), lambda m: m.sample(3), lambda m: m.bic(x), lambda m: m.responsibilities(x)):
        with pytest.raises(ValueError, match="has not been fitted; call fit"):
            call(GaussianMixture(2))
    fitted = GaussianMixture(2).fit(x, start=start)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\), got \(10, 3\)"):
        fitted.log_prob(torch.zeros(10, 3, dtype=F64))
    with pytest.raises(ValueError, match="unconditional"):
        fitted.sample(2, context=x)
    with pytest.raises(ValueError, match=r"for points on the line use x.unsqueeze\(1\)"):
        expectation_maximisation(x[:, 0], start)
    with pytest.raises(ValueError, match="sum to 1"):
        expectation_maximisation(x, Parameters(2 * start.weights, start.means, start.covariances))
    with pytest.raises(ValueError, match="covariances must have shape"):
        expectation_maximisation(x, Parameters(start.weights, start.means, start.covariances[:1]))
    responsibilities = torch.full((10, 2), 0.5, dtype=F64)
    for call, message in [
        (lambda: e_step(torch.full_like(x, torch.nan), start), "x must be finite"),
        (lambda: e_step(x[:, 0], start), r"x must have shape \(n, 2\), got \(10,\)"),
        (lambda: m_step(torch.full_like(x, torch.nan), responsibilities), "x must be finite"),
        (lambda: m_step(x[:, 0], responsibilities), r"x must have shape \(n, 1\), got \(10,\); add an axis"),
        (lambda: m_step(x, responsibilities / 0), "responsibilities must be finite"),
        (lambda: m_step(x, responsibilities[:5]), r"responsibilities must have shape \(n, K\) with n = 10 points"),
        (lambda: m_step(x, responsibilities, covariance="diag"), "Did you mean 'diagonal'"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=r"no initialisation called 'kmeans'\. Did you mean 'kmeans\+\+'"):
        initial_parameters(x, 2, method="kmeans")
    with pytest.raises(ValueError, match="steps must be at least 0"):
        expectation_maximisation(x, start, steps=-1)
