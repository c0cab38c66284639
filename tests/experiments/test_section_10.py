"""The experiments of section 10: texts are judged rightly, and gates fail where nothing was learnt."""

import importlib.util

import torch

SEEDS = [10, 11]


def script_of(course, **smaller):
    spec = importlib.util.spec_from_file_location("s10", course / "experiments" / "s10_character_gan.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, value in smaller.items():
        assert hasattr(script, name)
        setattr(script, name, value)
    return script


def test_texts_are_judged_by_their_grams(course):
    script = script_of(course)
    one, two = (script.Runs(12).sample(1_000, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    near, far = script.judge(one, two), script.judge(one, one[torch.randperm(1_000)][:, :1].expand(-1, 12, -1))
    assert near[0] < 0.001 and near[1] < 0.02 < far[1]


def test_the_small_version_plays_all_games_and_fails_where_nothing_is_learnt(course):
    result = script_of(course, G_UPDATES=12, HIDDEN=[16], JUDGED=200).measure(SEEDS)
    assert set(result.intervals) <= set(result.figures)
    assert not any(result.gates.values()), "twelve updates teach nothing, so no gate may hold"
    assert 0 < result.figures["fresh_2_grams"] < result.figures["start_2_grams"] < 0.6932
