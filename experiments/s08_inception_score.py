"""The Inception Score with the course's classifiers: what it answers where the answer is known, and what it cannot see.

Known answers first: 1 for one class, C for C sure classes. Then real pictures, digits by the digit judge and faces by
the face judge's discrete factors; digits of one class; noise; and ten digits repeated, which score as well as all of
them, because the score never looks at data. InceptionV3's weights are not part of an offline course: figures of papers
must not be compared with these.
"""

import numpy as np
import torch

from coursekit.data import digits
from coursekit.data.faces import DISCRETE, Faces
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.inception_score import class_probabilities, inception_score
from coursekit.evaluation.intervals import mean_interval
from coursekit.evaluation.judges import load_judge
from coursekit.seeds import generator

SEEDS = range(5)
FACES, SIZE = 600, 32
DRAWN = 200  # digits of the test part, of 360


def measure(seeds) -> Result:
    """Known answers, then real pictures and bad ones."""
    known = known_answers()
    runs = [on_digits(seed) for seed in seeds]
    columns = {name: np.array([one[name] for one in runs]) for name in runs[0]}
    faces = [on_faces(seed) for seed in seeds]
    factors = {name: np.array([one[name][0] for one in faces]) for name in faces[0]}
    most = {name: faces[0][name][1] for name in faces[0]}
    every = {**columns, **{f"faces_{name}": values for name, values in factors.items()}}
    mean = {name: float(values.mean()) for name, values in every.items()}
    return Result(
        measured=(
            f"known answers off by {known:.0e}; {DRAWN} digits {mean['all']:.2f} of 10, one class "
            f"{mean['one_class']:.2f}, noise {mean['noise']:.2f}, ten digits repeated {mean['ten_repeated']:.2f}; "
            f"{FACES} faces by factor, of the highest possible: "
            + ", ".join(f"{name} {mean[f'faces_{name}']:.2f} of {most[name]}" for name in factors)
        ),
        figures={"known_answers_off": known, **mean},
        intervals={name: mean_interval(values) for name, values in every.items()},
        gates={
            "1 for one class and C for C sure classes, to 1e-12": known <= 1e-12,
            "every score lies between 1 and C": bool(
                (np.concatenate(list(columns.values())) <= 10).all()
                and all((values <= most[name]).all() for name, values in factors.items())
                and all((values >= 1).all() for values in every.values())),
            "one class scores below all classes on every split": bool((columns["one_class"] < columns["all"]).all()),
            "blind to diversity within a class: ten digits repeated score at least as high as all": bool(
                (columns["ten_repeated"] >= columns["all"]).all()),
        },
        data={"most": most, "drawn": DRAWN, "faces": FACES},
    )  # fmt: skip


def known_answers() -> float:
    """Largest error where the answer is known."""
    sure = torch.eye(10, dtype=torch.float64)
    cases = [
        *((sure[[c] * 30], 1.0) for c in range(10)),
        (torch.full((30, 10), 0.1, dtype=torch.float64), 1.0),
        *((sure[:c].repeat(6, 1), float(c)) for c in range(1, 11)),
        (sure[[0, 0, 0, 1]], 4 / 3**0.75),  # three to one: the exponential of the entropy
    ]
    return max(abs(inception_score(p) / answer - 1) for p, answer in cases)


def on_digits(seed: int) -> dict[str, float]:
    """Scores of test digits, which the judge has not been trained on, and of bad pictures."""
    judge, data, source = load_judge("digits"), digits("test"), generator(seed)
    index = torch.randperm(len(data.points), generator=source)[:DRAWN]
    x, labels = data.points[index], data.labels[index]
    p = class_probabilities(judge, x)
    surest = torch.stack([p[labels == c][p[labels == c][:, c].argmax()] for c in range(10)])
    one = int(torch.randint(10, (1,), generator=source))
    same = data.points[data.labels == one]
    noise = torch.rand(DRAWN, 1, 8, 8, generator=source)
    return {
        "all": inception_score(p),
        "one_class": inception_score(class_probabilities(judge, same)),
        "noise": inception_score(class_probabilities(judge, noise)),
        "ten_repeated": inception_score(surest.repeat(DRAWN // 10, 1)),
    }


def on_faces(seed: int) -> dict[str, tuple[float, int]]:
    """The score by each discrete factor, and the highest possible one: its number of values."""
    judge = load_judge("faces")
    x = Faces(SIZE).sample(FACES, generator=generator(seed))
    answers = judge(x)  # one look for all factors
    found = {}
    for name in DISCRETE:
        p = class_probabilities(lambda _: answers, x, factor=name, batch=FACES)
        found[name] = (inception_score(p), p.shape[1])
    return found
