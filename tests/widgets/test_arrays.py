"""Arrays on their way to the page."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import traitlets
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coursekit.widgets.arrays import Arrays, ArraysTrait, pack, unpack


class Holder(traitlets.HasTraits):
    frame = ArraysTrait()


shapes = hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5)


kinds = st.sampled_from([np.float32, np.int16, np.uint8])


@given(st.dictionaries(st.text(min_size=1, max_size=5), hnp.arrays(kinds, shapes), max_size=4))
def test_unpack_inverts_pack(named):
    back = unpack(pack(Arrays(named)))
    assert list(back) == list(named)
    for name, array in named.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype


def test_infinities_survive_and_the_block_is_bytes():
    packed = pack(Arrays({"score": [-np.inf, 1.0, np.nan]}))
    assert packed["shapes"] == [[3]]
    assert isinstance(packed["block"], memoryview)
    assert len(packed["block"]) == 3 * 4
    assert unpack(packed)["score"][0] == -np.inf


def test_tensors_and_numpy_arrays_become_float32():
    held = Holder(frame={"a": torch.arange(3, dtype=torch.float64), "b": np.eye(2)})
    assert held.frame["a"].dtype == np.float32
    assert held.frame["b"].shape == (2, 2)


@pytest.mark.parametrize("kind", [np.int64, np.int32, bool, ">i2", "list"])
def test_other_types_become_float32_too(kind):
    given = [1, 0] if kind == "list" else np.array([1, 0], kind)
    assert Arrays({"a": given})["a"].dtype == np.float32


def test_small_types_take_less_room():
    packed = pack(Arrays({"level": np.zeros(5, np.uint8), "x": np.zeros(2, np.int16)}))
    assert packed["types"] == ["|u1", "<i2"]
    assert len(packed["block"]) == 5 + 2 * 2


def test_arrays_are_a_copy_and_cannot_be_written():
    source = np.zeros(3, dtype=np.float32)
    held = Holder(frame={"a": source})
    source[0] = 7
    assert held.frame["a"][0] == 0
    with pytest.raises(ValueError, match="read-only"):
        held.frame["a"][0] = 1


def test_each_assignment_is_a_change_even_with_equal_numbers():
    held = Holder()
    seen = []
    held.observe(seen.append, "frame")
    held.frame = {"a": [1.0]}
    held.frame = {"a": [1.0]}
    assert len(seen) == 2


@pytest.mark.parametrize("wrong", [[1, 2], 3.0, "text", None])
def test_what_is_not_a_mapping_is_refused(wrong):
    with pytest.raises(traitlets.TraitError, match="mapping from names to arrays"):
        Holder(frame=wrong)


@pytest.mark.parametrize("wrong", ["text", [[1, 2], [3]], [object()]])
def test_what_is_not_numbers_is_refused_by_name(wrong):
    with pytest.raises(traitlets.TraitError, match="'curve' cannot be drawn"):
        Holder(frame={"curve": wrong})
