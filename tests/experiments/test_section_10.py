"""The experiments of section 10: small versions measure what they say, and gates fail where nothing was learnt."""

import importlib.util
from dataclasses import replace

import torch

SEEDS = [10, 11]


def script_of(course, row="s10_character_gan", **smaller):
    spec = importlib.util.spec_from_file_location(row, course / "experiments" / f"{row}.py")
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


CRITICS = {"STEPS": 80, "BATCH": 64, "HIDDEN": [16, 16], "GAME_STEPS": 12, "GAME_HIDDEN": (8, 8), "GAME_BATCH": 16}


def test_a_clipped_critic_is_flat_and_a_penalised_one_is_not(course):
    result = script_of(course, "s10_weight_clipping", **CRITICS).measure(SEEDS)
    assert set(result.intervals) <= set(result.figures)
    assert result.gates["clipped at the paper's 0.01, every slope is below 0.1"]
    assert result.gates["with the one-sided penalty every critic is higher on data"]
    found = [result.figures[f"shifted normals: {rule}: found"] for rule in ("one-sided penalty", "clipped at 0.01")]
    assert 0 < found[0] <= 1.01 and found[1] <= 1.01, "nobody finds more than all of W_1"


def test_losses_with_the_wrong_sign_are_caught(course):
    script = script_of(course, "s10_weight_clipping", **CRITICS)
    script.RULES = {name: replace(rule, d_loss=lambda real, fake: real - fake) for name, rule in script.RULES.items()}
    gates = script.measure(SEEDS).gates
    assert not gates["with the one-sided penalty every critic is higher on data"]


def test_slopes_of_penalised_critics_are_near_the_optimum(course):
    critics = {"STEPS": 400, "BATCH": 64, "HIDDEN": [16], "GAPS": [1.0]}
    games = {"G_UPDATES": 2, "WIDTH": 8, "DEPTHS": [1], "POINTS": 30}
    script = script_of(course, "s10_gradient_penalty", **critics, **games)
    result = script.measure(SEEDS)
    assert set(result.intervals) <= set(result.figures)
    assert result.gates["every critic's slope is in [0.9, 1.1], up or down"]
    assert result.gates["a penalty on each coordinate is found out: slope nearer to root d than to 1"]
    assert result.status == "finding", "two updates train nothing, so no rule can be better"


def test_games_without_training_do_not_bring_mmd_down(course):
    script = script_of(course, "s10_mmd_gan", HIDDEN=(8, 8), SAMPLES=300)
    script.GAMES = dict.fromkeys(script.GAMES, 2)
    result = script.measure(SEEDS)
    assert all(f"{game} on {data} leaves" in result.finding for game in script.GAMES for data in script.DATA)
    exact = result.data["exact"]["grid-25"]
    assert min(exact["modes"]) == 25 and max(map(abs, exact["mmd"])) < 0.01
