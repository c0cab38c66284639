"""The Frechet distance: closed forms, scipy's matrix root, torchmetrics, bias, and slips that must show."""

import warnings

import pytest
import torch
from scipy import linalg

from coursekit.data import digits
from coursekit.evaluation.frechet import (
    FewSamplesWarning,
    features_of,
    frechet_distance,
    frechet_of_normals,
    moments,
)
from coursekit.evaluation.judges import load_judge

F64 = torch.float64


def draw(n, k, seed, shift=0.0):
    return shift + torch.randn(n, k, dtype=F64, generator=torch.Generator().manual_seed(seed))


def covariance(k, seed):
    root = draw(k, k, seed)
    return root @ root.T / k


def check_closed_form(distance):
    """Commuting covariances: |dm|^2 + sum (s - s_w)^2. And on the line: (m - m_w)^2 + (s - s_w)^2."""
    turn, _ = torch.linalg.qr(draw(4, 4, 0))
    s, s_w = torch.tensor([1.0, 2.0, 0.5, 0.0], dtype=F64), torch.tensor([0.5, 2.0, 1.5, 1.0], dtype=F64)
    m, m_w = draw(4, 1, 1)[:, 0], draw(4, 1, 2)[:, 0]
    exact = (m - m_w).square().sum() + (s - s_w).square().sum()
    d2 = distance(m, turn @ s.square().diag() @ turn.T, m_w, turn @ s_w.square().diag() @ turn.T)
    assert abs(d2 - exact) < 1e-10
    one = distance(*(torch.tensor(v, dtype=F64) for v in ([1.0], [[4.0]], [3.0], [[0.25]])))
    assert abs(one - (2.0**2 + 1.5**2)) < 1e-12


def test_closed_form():
    check_closed_form(frechet_of_normals)


def test_a_root_taken_is_noticed():
    with pytest.raises(AssertionError):
        check_closed_form(lambda *normals: frechet_of_normals(*normals).sqrt())


def test_roots_of_each_covariance_instead_of_the_product_are_noticed():
    """Tr C^(1/2) C_w^(1/2) is the same where the two commute, and only there."""

    def without_svd(m, c, m_w, c_w):
        roots = (torch.from_numpy(linalg.sqrtm(part.numpy()).real) for part in (c, c_w))
        a, b = roots
        return (m - m_w).square().sum() + c.trace() + c_w.trace() - 2 * (a @ b).trace()

    check_closed_form(without_svd)
    with pytest.raises(AssertionError):
        check_against_scipy(without_svd)


def check_against_scipy(distance):
    for k, seed in ((3, 1), (20, 2)):
        m, m_w, c, c_w = (
            draw(k, 1, seed)[:, 0],
            draw(k, 1, seed + 10)[:, 0],
            covariance(k, seed),
            covariance(k, seed + 5),
        )
        root = torch.from_numpy(linalg.sqrtm((c @ c_w).numpy()).real)
        exact = (m - m_w).square().sum() + c.trace() + c_w.trace() - 2 * root.trace()
        assert abs(distance(m, c, m_w, c_w) - exact) < 1e-7 * exact


def test_against_scipys_matrix_root():
    check_against_scipy(frechet_of_normals)


def check_features(distance):
    x, y = draw(300, 16, 3), 1.3 * draw(200, 16, 4, 0.2)
    root = linalg.sqrtm(torch.cov(x.T).numpy() @ torch.cov(y.T).numpy()).real
    exact = (x.mean(0) - y.mean(0)).square().sum() + torch.cov(x.T).trace() + torch.cov(y.T).trace() - 2 * root.trace()
    assert abs(distance(x, y) - exact) < 1e-8


def test_features_against_scipy_and_n_minus_one():
    check_features(frechet_distance)


def test_covariances_divided_by_n_are_noticed():
    def divided_by_n(x, y):
        (m, c), (m_w, c_w) = moments(x), moments(y)
        return frechet_of_normals(m, c * (1 - 1 / len(x)), m_w, c_w * (1 - 1 / len(y)))

    with pytest.raises(AssertionError):
        check_features(divided_by_n)


def test_equal_features_equal_torchmetrics():
    """The metric's own sums, fed with the judge's features in place of an Inception network's."""
    from torchmetrics.image.fid import _compute_fid

    judge = load_judge("digits")
    x, y = (features_of(judge, digits(part).points) for part in ("train", "test"))
    (m, c), (m_w, c_w) = ((v.mean(0), torch.cov(v.T)) for v in (x, y))
    peer = _compute_fid(m, c, m_w, c_w).item()
    assert abs(frechet_distance(x, y).item() - peer) < 1e-6 * peer


def test_a_shift_alone_and_a_set_with_itself():
    x = draw(50, 3, 5)
    assert frechet_distance(x, x) < 1e-12
    assert abs(frechet_distance(x, x + torch.tensor([3.0, 4.0, 0.0], dtype=F64)) - 25) < 1e-9
    assert abs(frechet_distance(x, x.flip(0) + 1) - frechet_distance(x + 1, x)) < 1e-9


def test_flat_covariances_stay_real_and_never_negative():
    """Fewer samples than features: the root of the product is not even real for the textbook formula."""
    x, y = draw(10, 40, 6), draw(8, 40, 7)
    with pytest.warns(FewSamplesWarning) as said:
        assert 0 < frechet_distance(x, y) < 1000
    assert [str(w.message).split(":")[0] for w in said] == [
        "features holds 10 samples of 40 features",
        "others holds 8 samples of 40 features",
    ]
    with pytest.warns(FewSamplesWarning):
        assert 0 <= frechet_distance(x, x) < 1e-10


@pytest.mark.parametrize("small", [0.0, 1e-9, 1e-3])
def test_flat_and_nearly_flat_covariances_against_the_closed_form(small):
    """Cholesky's factor where there is one, eigenvalues where not. Rounding of C costs up to half of the digits."""
    for seed in range(10):
        turn, _ = torch.linalg.qr(draw(20, 20, seed))
        s, s_w = draw(20, 2, seed + 100).abs().T
        s = torch.where(torch.arange(20) < 8, small, s)
        c, c_w = ((turn * part**2) @ turn.T for part in (s, s_w))
        d2 = frechet_of_normals(s, (c + c.T) / 2, s, (c_w + c_w.T) / 2)
        assert abs(d2 - (s - s_w).square().sum()) < 1e-6


def test_single_precision_costs_no_digits():
    x, y = draw(500, 8, 8).float() + 100, draw(400, 8, 9).float() + 100
    single = frechet_distance(x, y)
    assert single.dtype == F64 and abs(single - frechet_distance(x.double(), y.double())) < 1e-12


def test_the_bias_falls_like_one_over_n():
    """Of two samples of one normal the true distance is 0; twice the samples, half the figure."""
    means = [sum(frechet_distance(draw(n, 4, 2 * s), draw(n, 4, 2 * s + 1)).item() for s in range(60)) / 60
             for n in (100, 200)]  # fmt: skip
    assert 1.6 < means[0] / means[1] < 2.5


def test_features_come_in_batches():
    judge, x = load_judge("digits"), digits("test").points[:50]
    together = features_of(judge, x)
    assert together.shape == (50, 64) and together.dtype == F64
    torch.testing.assert_close(features_of(judge, x, batch=7), together, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance(torch.zeros(1, 2), torch.zeros(5, 2)), r"at least 2 samples.*got \(1, 2\)"),
        (lambda: frechet_distance(torch.zeros(5), torch.zeros(5, 2)), r"features must have shape \(n, k\)"),
        (lambda: frechet_distance(torch.zeros(5, 2), torch.zeros(5, 3)), "same network"),
        (lambda: frechet_distance(torch.zeros(5, 2), torch.full((5, 2), torch.inf)), "others must be finite"),
        (lambda: frechet_distance([[0.0, 1.0]], torch.zeros(5, 2)), "features must be a torch tensor, got list"),
        (lambda: frechet_distance(torch.zeros(5, 2).long(), torch.zeros(5, 2)), "features must be floating point"),
        (lambda: frechet_distance(1e200 * draw(9, 2, 0), draw(9, 2, 1)), r"moments\(features\)\[1\] must be finite"),
        (lambda: frechet_of_normals(*(torch.zeros(s) for s in ((2,), (2, 2), (3,), (3, 3)))), "got other_mean"),
        (lambda: frechet_of_normals(torch.zeros(2), torch.ones(2, 2).triu(), torch.zeros(2), torch.eye(2)),
         r"covariance must be symmetric; try"),
        (lambda: frechet_of_normals(torch.zeros(2), torch.eye(2), torch.zeros(2), -torch.eye(2)),
         "other_covariance must be a covariance, without negative"),
        (lambda: features_of(load_judge("digits"), torch.zeros(0, 1, 8, 8)), "x must hold pictures"),
        (lambda: features_of(load_judge("digits"), torch.zeros(2, 1, 8, 8), batch=0), "batch must be at least 1"),
    ],
)  # fmt: skip
def test_bad_input_ends_as_sentences(call, message):
    with warnings.catch_warnings(), pytest.raises(ValueError, match=message):
        warnings.simplefilter("ignore", FewSamplesWarning)
        call()
