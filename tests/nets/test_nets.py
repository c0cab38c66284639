"""The networks: masks exact by autograd, shapes, gradients to every parameter, bad input."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.nets import MLP, AutoregressiveMLP, ConvEncoder, ResidualMLP, UNet, autoregressive_mlp
from coursekit.seeds import generator, seeded


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(5)), outputs=st.integers(1, 3), context=st.sampled_from([0, 2]),
       hidden=st.lists(st.integers(8, 24), max_size=3))
def test_autoregressive_jacobian_is_strictly_triangular_in_the_order(order, outputs, context, hidden):
    with seeded(0):
        net = AutoregressiveMLP(5, hidden, outputs, order=order, context=context, activation="tanh").double()
    x = torch.randn(1, 5, generator=generator(1), dtype=torch.float64)
    c = torch.randn(1, context, generator=generator(2), dtype=torch.float64) if context else None
    jacobian = torch.autograd.functional.jacobian(lambda v: net(v, c)[0], x)[:, :, 0]  # (D, outputs, D)
    place = torch.tensor(order)
    forbidden = place[None] >= place[:, None]  # output i may not see input j
    assert (jacobian.abs().sum(1)[forbidden] == 0).all()
    if hidden:
        assert (jacobian.abs().sum(1)[~forbidden] > 0).all(), "every allowed dependence is there"
    if context:
        by_context = torch.autograd.functional.jacobian(lambda v: net(x, v)[0], c)[:, :, 0]
        assert (by_context.abs().sum(1) > 0).all()


def test_an_ensemble_of_masked_nets_keeps_its_masks():
    net = autoregressive_mlp(4, [16], members=3).double()
    x = torch.randn(3, 1, 4, generator=generator(0), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda v: net(v)[1, 0, :, 0], x)[:, 1, 0]
    assert (jacobian.triu() == 0).all() and (jacobian.tril(-1) != 0).any()


@pytest.mark.parametrize(("net", "shape", "out"), [
    (lambda: MLP([3, 8, 2]), (5, 3), (5, 2)),
    (lambda: ResidualMLP(3, 2), (5, 3), (5, 2)),
    (lambda: AutoregressiveMLP(3, [8], 2), (5, 3), (5, 3, 2)),
    (lambda: AutoregressiveMLP(1, [8], 2), (5, 1), (5, 1, 2)),
    (lambda: ConvEncoder(3, [6, 12], 4), (2, 3, 16, 16), (2, 4)),
    (lambda: ConvEncoder(1, [5], 4, groups=0), (2, 1, 8, 8), (2, 4)),
    (lambda: UNet(3, 1, [4, 8, 8]), (2, 3, 16, 24), (2, 1, 16, 24)),
    (lambda: UNet(1, 1, [7]), (2, 1, 9, 9), (2, 1, 9, 9)),
])
def test_shapes_and_gradients(net, shape, out):
    with seeded(0):
        net = net()
    result = net(torch.randn(*shape, generator=generator(0)))
    assert result.shape == out
    result.square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        if shape != (5, 1):  # with one coordinate the hidden layer is rightly unseen
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(("build", "words"), [
    (lambda: MLP([3]), "at least the sizes"),
    (lambda: MLP([3, 0, 1]), "at least 1"),
    (lambda: MLP([3, 4, 1], "rely"), "Did you mean 'relu'"),
    (lambda: AutoregressiveMLP(3, [8], order=[0, 1, 1]), "permutation"),
    (lambda: AutoregressiveMLP(0, [8]), "at least 1"),
    (lambda: ResidualMLP(3, 1, blocks=-1), "at least 0"),
    (lambda: UNet(3, 1, []), "at least one width"),
    (lambda: ConvEncoder(3, [], 1), "at least one width"),
    (lambda: UNet(1, 1, [4, 8, 8])(torch.zeros(1, 1, 10, 8)), r"divisible by 4.*10 x 8"),
])
def test_bad_input_ends_as_a_sentence(build, words):
    with pytest.raises(ValueError, match=words):
        build()
