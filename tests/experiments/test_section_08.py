"""The experiments of section 8: their gates hold on few seeds, and a bug planted in the library makes one fail."""

import importlib.util

import pytest
import torch

from coursekit.distances import two_sample

SEEDS = [0, 1]
# What is left out here, for time: most repeats, sizes and pictures.
SMALL = {
    "s08_two_sample_tests": {"REPEATS": 60, "POWER_REPEATS": 15, "SHIFTS": [0.5, 1.0]},
    "s08_divergences": {},
    "s08_transport_matrix": {"SIZES": [2, 10]},
    "s08_kantorovich_dual": {"SIZES": [2, 10]},
    "s08_js_and_wasserstein": {},
    "s08_sinkhorn": {"N": 6, "BLURS": [0.02, 100.0, 1_000.0]},
    "s08_mmd": {"REPEATS": 8_000, "N": 10},
    "s08_inception_score": {"FACES": 40},
    "s08_frechet": {"SIZES": {"faces": [140, 280], "digits": [128, 256]}, "PIXELS": 16},
    "s08_precision_recall": {"REPEATS": 12, "N": 200, "HELD": 25},
}


def script_of(row, course):
    spec = importlib.util.spec_from_file_location(row, course / "experiments" / f"{row}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, value in SMALL[row].items():
        assert hasattr(script, name)
        setattr(script, name, value)
    return script


def failing(row, course, plant=lambda script: None):
    """The gates that fail on a small version of the experiment, with a bug that `plant` puts in."""
    script = script_of(row, course)
    plant(script)
    result = script.measure(SEEDS)
    assert all(low <= result.figures[name] <= high for name, (low, high) in result.intervals.items()
               if name in result.figures)  # fmt: skip
    return [gate for gate, holds in result.gates.items() if not holds]


@pytest.mark.parametrize("row", SMALL)
def test_the_small_version_passes_without_a_bug(row, course):
    assert failing(row, course) == []


def test_a_p_value_that_leaves_ties_and_itself_out_is_caught(course, monkeypatch):
    def too_eager(values, alpha):
        share = (values[1:] > values[0]).double().mean().item()
        return two_sample.Verdict(values[0].item(), values[1:], share, alpha, share <= 4 * alpha)

    monkeypatch.setattr(two_sample, "_verdict", too_eager)
    assert "every level is alpha, to 2 s.e. corrected for the number of tests" in failing(
        "s08_two_sample_tests", course
    )


def test_swapped_arguments_of_a_divergence_are_caught(course):
    def plant(script):
        right = script.by_quadrature
        script.by_quadrature = lambda name, p, q, **options: right(name, q, p, **options)

    caught = failing("s08_divergences", course, plant)
    assert caught == ["closed forms of KL, reverse KL, Hellinger, Pearson to 1e-8"]


def test_a_plan_with_p_and_q_swapped_is_caught(course):
    def plant(script):
        right = script.optimal_transport
        script.optimal_transport = lambda p, q, cost: right(q, p, cost) if len(p) == len(q) else right(p, q, cost)

    assert "rows sum to p and columns to q, to 1e-9" in failing("s08_transport_matrix", course, plant)


def test_a_dual_of_the_wrong_sign_is_caught(course):
    def plant(script):
        right = script.kantorovich_rubinstein

        def flipped(p, q, x):
            value, f = right(p, q, x)
            return value, -f

        script.kantorovich_rubinstein = flipped

    assert {
        "the value is the mean of f under p less that under q",
        "where mass moves, f changes by exactly the way",
    } <= (set(failing("s08_kantorovich_dual", course, plant)))


def test_a_dual_that_is_too_steep_is_caught(course):
    def plant(script):
        right = script.kantorovich_rubinstein
        script.kantorovich_rubinstein = lambda p, q, x: tuple(1.01 * v for v in right(p, q, x))

    assert "f changes by at most one a step" in failing("s08_kantorovich_dual", course, plant)


def test_twice_the_js_is_caught(course):
    def plant(script):
        right = script.jensen_shannon
        script.jensen_shannon = lambda p, q: 2 * right(p, q)

    assert failing("s08_js_and_wasserstein", course, plant) == ["JS = log 2 to 1e-12 wherever nothing overlaps"]


def test_sinkhorn_without_debiasing_is_caught(course):
    def plant(script):
        script.sinkhorn_divergence = script.entropic_cost

    caught = failing("s08_sinkhorn", course, plant)
    assert {"S of a cloud with itself is 0 to 1e-5", "epsilon to infinity: MMD^2 / 2 with the kernel -c, to 2 %"} <= (
        set(caught)
    )


def test_mmd_with_the_diagonal_is_caught(course):
    def plant(script):
        right = script.mmd_squared
        script.mmd_squared = lambda x, y, kernel, unbiased: right(x, y, kernel, unbiased=False)

    assert {"unbiased: mean within 3 s.e. of the truth", "unbiased: mean 0 within 3 s.e. for equal normals"} <= set(
        failing("s08_mmd", course, plant)
    )


def test_a_score_without_the_exponential_is_caught(course):
    def plant(script):
        right = script.inception_score
        script.inception_score = lambda p: float(torch.tensor(right(p)).log())

    assert "1 for one class and C for C sure classes, to 1e-12" in failing("s08_inception_score", course, plant)


def test_a_frechet_distance_with_a_root_is_caught(course):
    def plant(script):
        right, normals = script.frechet_distance, script.frechet_of_normals
        script.frechet_distance = lambda x, y: right(x, y).sqrt()
        script.frechet_of_normals = lambda *given: normals(*given).sqrt()

    assert {"closed form on normals to 1e-8", "torchmetrics on equal features to 1e-6"} <= set(
        failing("s08_frechet", course, plant)
    )


def test_a_copying_test_that_looks_at_held_out_data_is_caught(course):
    def plant(script):
        right = script.copying_test
        script.copying_test = lambda generated, train, held_out, **options: right(generated, held_out, train, **options)

    assert "every copier is caught, on digits and faces" in failing("s08_precision_recall", course, plant)
