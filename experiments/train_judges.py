"""Train the judge networks and write their weights and cards: python experiments/train_judges.py [faces] [digits].

Runs on a GPU where there is one, else on the CPU. The weights of the first seed are kept; the card reports the
accuracies of all seeds, so that nobody has to wonder whether the first was lucky.
"""
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from coursekit.data.faces import CONTINUOUS, DISCRETE, Faces
from coursekit.evaluation.fingerprint import fingerprint
from coursekit.evaluation.judges.networks import DigitNetwork, FactorNetwork
from coursekit.evaluation.judges.store import FOLDER, save_judge
from coursekit.seeds import generator, seeded

COURSE = Path(__file__).resolve().parent.parent
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SEEDS = (0, 1, 2)


def descend(judge, batch_of, steps: int, rate: float):
    """Adam with a learning rate that rises for a tenth of the way and then falls to zero along a cosine."""
    optimiser = torch.optim.AdamW(judge.parameters(), lr=rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.1)
    for step in range(steps):
        loss = batch_of(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 0:
            print(f"  step {step:5d}  loss {loss.item():.4f}", flush=True)


def train_faces(seed: int, steps: int = 4000, batch: int = 512) -> tuple[FactorNetwork, dict[str, Any]]:
    """Faces at 16 to 64 pixels, fresh ones in every batch, with a little noise now and then."""
    with seeded(seed):
        judge = FactorNetwork().to(DEVICE)
    random = generator(seed, DEVICE)

    def batch_of(step: int):
        size = (32, 32, 16, 64, 24)[step % 5]
        x, factors = Faces(size, device=DEVICE).sample_with_factors(batch, generator=random)
        if step % 2:
            x = (x + 0.05 * torch.randn(x.shape, generator=random, device=DEVICE)).clamp(0, 1)
        return judge.loss(x, factors)

    descend(judge, batch_of, steps, 3e-3)
    return judge, {"steps": steps, "batch": batch}


@torch.no_grad()
def score_faces(judge: FactorNetwork, n: int = 20_000) -> dict[str, dict[str, float]]:
    """Accuracy of each discrete factor and correlation of each continuous one, on n fresh faces at each size."""
    judge.eval()
    result = {}
    for size in (16, 32, 64):
        random = generator(10_000 + size, DEVICE)
        hits: dict[str, list] = {name: [] for name in (*DISCRETE, *CONTINUOUS)}
        for _ in range(n // 2000):
            x, factors = Faces(size, device=DEVICE).sample_with_factors(2000, generator=random)
            read = judge.read(x)
            for name in DISCRETE:
                hits[name].append((read[name] == factors[name]).double().mean())
            for name in CONTINUOUS:
                hits[name].append(torch.corrcoef(torch.stack([read[name], factors[name]]).double())[0, 1])
        result[str(size)] = {name: round(torch.stack(v).mean().item(), 5) for name, v in hits.items()}
    return result


def train_digits(seed: int, steps: int = 1500, batch: int = 128) -> tuple[DigitNetwork, dict[str, Any]]:
    """The training digits, shifted by at most a pixel."""
    from coursekit.data import digits

    data = digits("train")
    x, labels = data.points.to(DEVICE), data.labels.to(DEVICE)
    with seeded(seed):
        judge = DigitNetwork().to(DEVICE)
    random = generator(seed, "cpu")

    def batch_of(step: int):
        index = torch.randint(len(x), (batch,), generator=random).to(DEVICE)
        dx, dy = (int(torch.randint(3, (), generator=random)) for _ in range(2))
        moved = F.pad(x[index], (1, 1, 1, 1))[:, :, dy : dy + 8, dx : dx + 8]
        return F.cross_entropy(judge(moved), labels[index], label_smoothing=0.05)

    descend(judge, batch_of, steps, 3e-3)
    return judge, {"steps": steps, "batch": batch}


@torch.no_grad()
def score_digits(judge: DigitNetwork) -> dict[str, float]:
    """Accuracy on the test digits."""
    from coursekit.data import digits

    data = digits("test")
    judge.eval()
    return {"test": round((judge.read(data.points.to(DEVICE)).cpu() == data.labels).double().mean().item(), 5)}


def main(names: list[str], folder: Path = FOLDER) -> None:
    """Train the judges named, every seed; keep the first seed's weights."""
    parts = {"faces": (train_faces, score_faces), "digits": (train_digits, score_digits)}
    for name in names or list(parts):
        train, score = parts[name]
        card: dict[str, Any] = {"seeds": list(SEEDS), "held_out": [], "seconds": []}
        for seed in SEEDS:
            print(f"{name}, seed {seed}, on {DEVICE}", flush=True)
            start = time.perf_counter()
            judge, how = train(seed)
            card["seconds"].append(round(time.perf_counter() - start, 1))
            card["held_out"].append(score(judge))
            print(f"  {card['held_out'][-1]}", flush=True)
            if seed == SEEDS[0]:
                kept = judge
            card |= how
        card |= {"kept_seed": SEEDS[0], "device": DEVICE, "torch": torch.__version__.split("+")[0],
                 "code": fingerprint([Path(__file__), FOLDER / "networks.py"], COURSE)}
        save_judge(name, kept, card, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
