"""Cartoon faces, drawn from exact factors: image data whose ground truth is known.

What other data sets let one only look at can be measured here, because for every picture it is known what is in it:
skin, hair, hat, glasses, smile, size of the eyes, shape and position of the face, background, stripes, style. Faces
are drawn as fast as they are needed, at any size, on any device; nothing is on disk.

    factors = draw_factors(8, generator=generator(0), hat="beanie")
    pictures = draw(factors, size=64)                       # (8, 3, 64, 64), RGB in [0, 1]
    bare = draw(factors.replace(hat="none"), size=64)       # the same faces without their hats
    Faces(32).sample_with_factors(100)                      # a Sampler

- `FACTORS`: the table of factors; `DISCRETE`, `CONTINUOUS` their names; `Factors`: a batch of faces as columns.
- `draw_factors`: independent, fixed, restricted, weighted, dependent.
- `draw`, `label_map` (with `LABELS`, `one_hot`), `edges`, `grey`: pictures.
- `captions`, `parse`, `obeys`: faces in words and back.
- `pairs` (by name, see `TRANSLATIONS`): two pictures of the same face, for translation.
- `Faces`: the distribution, a `Sampler`.
"""

from coursekit.data.faces.captions import captions, obeys, parse
from coursekit.data.faces.drawing import draw
from coursekit.data.faces.factors import CONTINUOUS, DISCRETE, FACTORS, Factor, Factors
from coursekit.data.faces.labels import edges, grey, label_map, one_hot
from coursekit.data.faces.parts import LABELS
from coursekit.data.faces.priors import draw_factors
from coursekit.data.faces.sampler import Faces
from coursekit.data.faces.translations import TRANSLATIONS, pairs

__all__ = [
    "CONTINUOUS",
    "DISCRETE",
    "FACTORS",
    "LABELS",
    "TRANSLATIONS",
    "Factor",
    "Factors",
    "Faces",
    "captions",
    "draw",
    "draw_factors",
    "edges",
    "grey",
    "label_map",
    "obeys",
    "one_hot",
    "pairs",
    "parse",
]
