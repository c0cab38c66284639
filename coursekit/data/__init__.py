"""Data to learn from.

- `Faces` and the rest of `coursekit.data.faces`: cartoon faces drawn from exact factors, at any size, without end.
- `digits`: handwritten digits, 8 x 8, that come with scikit-learn; `restyled`: the same in coloured ink.
- `Patches`: patches of natural images, from the photographs that come with scikit-learn.
- `load`: MNIST, Fashion-MNIST, SVHN, CIFAR-10, downloaded when first asked for; `own_images`: a folder of pictures.
- `Runs`: runs of characters of a short text, the course's own.
- `Empirical`: a finite data set as a distribution, with epochs.

Everything but `load` works without a network.
"""

from coursekit.data.digits import digits, restyled
from coursekit.data.empirical import Empirical
from coursekit.data.faces import Faces
from coursekit.data.full import DataUnavailable, load, own_images
from coursekit.data.patches import Patches
from coursekit.data.text import Runs

__all__ = ["DataUnavailable", "Empirical", "Faces", "Patches", "Runs", "digits", "load", "own_images", "restyled"]
