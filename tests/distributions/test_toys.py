"""The plane's toys: densities integrate to one, samples follow them, entropies agree with quadrature."""

import math

import pytest
import torch
from scipy import integrate, stats

from coursekit.distributions import get, names
from coursekit.distributions.checkerboard import Checkerboard
from coursekit.distributions.classic_energies import FORMULAS, ClassicEnergy
from coursekit.distributions.entropy import plane_entropy
from coursekit.distributions.noisy_curves import NoisyCurves, spirals, two_moons
from coursekit.distributions.pinwheel import Pinwheel
from coursekit.protocols import Density, Energy, Sampler
from coursekit.seeds import generator

TOYS = {
    "two-moons": (two_moons, 4.0),
    "spirals": (spirals, 6.0),
    "pinwheel": (Pinwheel, 5.0),
    "checkerboard": (Checkerboard, 5.0),
    **{n: ((lambda n=n: ClassicEnergy(n)), 4.0) for n in FORMULAS},
}


def grid(half: float, cells: int):
    """Centres of square cells on [-half, half]^2, and the area of one."""
    side = 2 * half / cells
    centre = -half + side * (torch.arange(cells, dtype=torch.float64) + 0.5)
    return torch.cartesian_prod(centre, centre), side**2


@pytest.mark.parametrize("name", TOYS)
def test_the_density_integrates_to_one(name):
    build, half = TOYS[name]
    x, area = grid(half, 300)
    assert abs((build().log_prob(x).exp().sum() * area).item() - 1) < 2e-4


@pytest.mark.parametrize("name", TOYS)
def test_samples_follow_the_density(name):
    """Chi-square on a 24 x 24 partition, cell masses by quadrature within each cell; 5 seeds, corrected for all."""
    build, half = TOYS[name]
    toy, fine, coarse = build(), 10, 20
    x, area = grid(half, fine * coarse)
    mass = (toy.log_prob(x).exp() * area).view(coarse, fine, coarse, fine).sum((1, 3)).flatten()
    for seed in range(5):
        points = toy.sample(20_000, generator=generator(seed))
        cell = ((points + half) * coarse / (2 * half)).floor().long()
        inside = ((cell >= 0) & (cell < coarse)).all(1)
        counts = torch.bincount((cell[:, 0] * coarse + cell[:, 1])[inside], minlength=coarse**2)
        expected = 20_000 * mass
        big = expected >= 5
        observed = torch.cat([counts[big], counts[~big].sum()[None] + (~inside).sum()]).double()
        wanted = torch.cat([expected[big], (20_000 - expected[big].sum())[None]])
        statistic = ((observed - wanted) ** 2 / wanted.clamp(min=1e-9))[wanted > 1e-6].sum().item()
        assert stats.chi2.sf(statistic, int(big.sum())) > 0.01 / 40, f"seed {seed}"


def test_a_wrong_density_would_be_noticed():
    """The same test rejects moons whose noise is 5 % too wide."""
    toy, wrong, half, coarse, fine = two_moons(0.1), two_moons(0.105), 4.0, 24, 12
    x, area = grid(half, fine * coarse)
    mass = (wrong.log_prob(x).exp() * area).view(coarse, fine, coarse, fine).sum((1, 3)).flatten()
    cell = ((toy.sample(200_000, generator=generator(0)) + half) * coarse / (2 * half)).floor().long()
    counts = torch.bincount(cell[:, 0] * coarse + cell[:, 1], minlength=coarse**2)
    big = 200_000 * mass >= 5
    statistic = ((counts - 200_000 * mass) ** 2 / (200_000 * mass))[big].sum().item()
    assert stats.chi2.sf(statistic, int(big.sum())) < 1e-6


@pytest.mark.parametrize("toy", [two_moons(), spirals(), two_moons(0.02), spirals(3, 1.0, 0.2)])
def test_quadrature_along_curves_has_settled(toy):
    x = torch.cat([toy.sample(500, generator=generator(0)), 4 * torch.rand(500, 2, dtype=torch.float64) - 2])
    before = toy.log_prob(x)
    toy.nodes *= 2
    after = toy.log_prob(x)
    likely = after > after.max() - 12 * math.log(10)
    assert likely.sum() > 500 and torch.allclose(before[likely], after[likely], atol=1e-6)


@pytest.mark.parametrize("name", TOYS)
def test_entropies(name):
    build, half = TOYS[name]
    toy = build()
    x, area = grid(half, 150 if name == "spirals" else 600)
    log_p = toy.log_prob(x)
    numeric = -torch.where(log_p.isfinite(), log_p.exp() * log_p, 0).sum() * area
    assert abs(numeric.item() - toy.entropy()) < 3e-3
    drawn = -toy.log_prob(toy.sample(20_000, generator=generator(1)))
    assert abs(drawn.mean().item() - toy.entropy()) <= 4 * drawn.std().item() / math.sqrt(20_000) + 1e-12


def test_the_quadrature_of_the_plane_against_a_closed_form():
    scales = torch.tensor([0.2, 0.7], dtype=torch.float64)
    normal = torch.distributions.Independent(torch.distributions.Normal(torch.zeros(2).double(), scales), 1)
    value = plane_entropy(normal.log_prob, [-6, -6], [6, 6], spacing=0.2)
    assert abs(value - normal.entropy().item()) < 1e-9
    with pytest.raises(ValueError, match="did not settle"):
        plane_entropy(normal.log_prob, [-6, -6], [6, 6], spacing=3.0, halvings=1)
    with pytest.raises(ValueError, match="did not settle"):
        Pinwheel().entropy(tolerance=0.0)


def test_thinner_noise_means_less_entropy_and_precision_does_not_matter():
    assert two_moons(0.05).entropy() < two_moons().entropy() < two_moons(0.2).entropy()
    assert abs(get("pinwheel", dtype=torch.float32).entropy() - Pinwheel().entropy()) < 1e-5
    # A straight segment of length L, blurred: uniform along but for its ends, each of which adds s/L int -Phi log Phi.
    line = NoisyCurves([lambda t: torch.stack([30 * t, 0 * t], dim=1)], 0.1)
    across = 0.5 * math.log(2 * math.pi * math.e * 0.1**2)
    end = -integrate.quad(lambda z: stats.norm.cdf(z) * stats.norm.logcdf(z), -30, 30)[0]
    assert abs(line.entropy() - (math.log(30) + 2 * 0.1 / 30 * end + across)) < 1e-5


def test_the_energies_constant_has_settled():
    for name in FORMULAS:
        toy = ClassicEnergy(name)
        assert abs(toy._integrate(300) - toy.log_z) < 1e-8


def test_energies_against_the_papers_formulas_at_points():
    x = torch.tensor([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]], dtype=torch.float64)
    e1 = [-math.log(1 + math.exp(-0.5 * (4 / 0.6) ** 2)), -math.log(2 * math.exp(-0.5 * (2 / 0.6) ** 2))]
    assert torch.allclose(ClassicEnergy("energy-1").energy(x)[:2], torch.tensor(e1, dtype=torch.float64))
    assert torch.allclose(
        ClassicEnergy("energy-2").energy(x), torch.tensor([0.0, 0.5 * 25, 0.0], dtype=torch.float64), atol=1e-12
    )
    assert abs(ClassicEnergy("energy-3").energy(x)[2] + math.log(1 + math.exp(-0.5 * (3 / 0.35) ** 2))) < 1e-12
    assert abs(ClassicEnergy("energy-4").energy(x)[2] + math.log(1 + math.exp(-0.5 * (1.5 / 0.35) ** 2))) < 1e-12


def test_the_pinwheels_twist_keeps_area_and_radius():
    toy = Pinwheel()
    x = torch.tensor([0.7, -0.4], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda v: toy._twist(v[None], 1)[0], x)
    assert abs(jacobian.det().item() - 1) < 1e-12
    assert torch.allclose(toy._twist(toy._twist(x[None], 1), -1), x[None])


@pytest.mark.parametrize("name", TOYS)
def test_protocols_float32_and_seeds(name):
    toy = TOYS[name][0]()
    assert isinstance(toy, Sampler) and isinstance(toy, Density)
    assert isinstance(toy, Energy) == name.startswith("energy")
    a, b = (toy.sample(20, generator=generator(3)) for _ in range(2))
    assert torch.equal(a, b) and a.shape == (20, 2) and toy.sample(0).shape == (0, 2)
    single = toy.log_prob(a.float())
    assert single.dtype == torch.float32 and torch.allclose(single.double(), toy.log_prob(a), atol=2e-2)


@pytest.mark.parametrize("name", names(2))
def test_every_named_toy_in_single_precision(name):
    x = get(name, dtype=torch.float32).sample(10, generator=generator(0))
    assert x.dtype == torch.float32 and x.shape == (10, 2)
    assert torch.isfinite(get(name).log_prob(x.double())).all()


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: NoisyCurves([], 0.1), "at least one curve"),
        (lambda: two_moons(0.0), "positive"),
        (lambda: two_moons(float("nan")), "positive"),
        (lambda: spirals(0), "at least 1"),
        (lambda: Checkerboard(3), "even"),
        (lambda: Pinwheel(tangential=-1), "positive"),
        (lambda: ClassicEnergy("energy-5"), "Did you mean"),
    ],
)
def test_bad_input_ends_as_a_sentence(build, words):
    with pytest.raises(ValueError, match=words):
        build()
