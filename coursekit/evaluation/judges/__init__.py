"""Judge networks: they look at generated pictures and say what is in them.

- `FactorNetwork`: reads every factor of a face back from its picture; its features serve distances between sets.
- `DigitNetwork`: which digit an 8 x 8 picture shows.
- `load_judge`: the trained ones, with checksum; `judge_card`: how they were made and how good they are.

They were trained by ``experiments/train_judges.py``.
"""

from coursekit.evaluation.judges.networks import DigitNetwork, FactorNetwork
from coursekit.evaluation.judges.store import JUDGES, DamagedWeights, judge_card, load_judge

__all__ = ["JUDGES", "DamagedWeights", "DigitNetwork", "FactorNetwork", "judge_card", "load_judge"]
