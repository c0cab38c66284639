"""Faces in words: a small grammar that describes a face in many wordings, and the way back.

    captions(factors)   ->  "an ink drawing of a smiling person with tan skin, spiky pink hair, a long face and small
                             eyes, wearing a crown and no glasses, in front of a striped mint wall"
    parse(caption)      ->  {"drawing": "ink", "smile": (0.333, 1.0), "skin": "tan", ...}

What `parse` returns are rules for `draw_factors`, so `draw(draw_factors(8, **parse(caption)))` are eight pictures of
the caption. Position is never told. Numbers become words: each third of the range of smile and eye_size has its own.
"""

import re
from collections.abc import Collection

import torch
from jaxtyping import Bool
from torch import Tensor

from coursekit import arguments
from coursekit.data.faces.factors import FACTORS, Factors, Value
from coursekit.data.faces.priors import Rule

# Words for thirds of a continuous factor's range, from its low end to its high end.
THIRDS = {"smile": ("frowning", "serious", "smiling"), "eye_size": ("small", "medium", "big")}
TOLD = tuple(name for name, factor in FACTORS.items() if factor.discrete or name in THIRDS)

_DRAWING = {
    "flat": ("a flat drawing", "a flat picture"),
    "ink": ("an ink drawing", "an ink picture"),
    "sticker": ("a sticker", "a sticker picture"),
    "soft": ("a soft drawing", "a soft picture"),
}
_CHOICES = 8  # how many choices of wording one caption takes


def _any(name: str) -> str:
    return "(" + "|".join(THIRDS.get(name, FACTORS[name].values)) + ")"


_CUT = "(short|long|curly|spiky)"

# What a caption may say of each factor. Each pattern takes one word out of the text: the value.
_TOLD_BY: dict[str, tuple[str, ...]] = {
    "drawing": (r"\b(flat|ink|soft) (?:drawing|picture)\b", r"\b(sticker)(?: picture)?\b"),
    "smile": (rf"\b{_any('smile')}\b",),
    "skin": (rf"\b{_any('skin')} (?:skin|complexion)\b",),
    "face_shape": (rf"\b{_any('face_shape')} face\b", rf"\bface that is {_any('face_shape')}\b"),
    "eye_size": (rf"\b{_any('eye_size')} eyes\b", rf"\beyes that are {_any('eye_size')}\b"),
    "glasses": (r"\b(round|square) glasses\b", r"\b(no|without) glasses\b", r"\b(?:neither hat) nor (glasses)\b"),
    "hat": (r"\b(beanie|cap|crown)\b", r"\b(no|without) hat\b", r"\b(neither) hat\b"),
    "hair_style": (rf"\b{_CUT}(?= (?:{_any('hair_colour')} )?hair\b)", rf"\bhair that is {_CUT}\b",
                   r"\b(?:hair in )?(pigtails)\b"),
    "hair_colour": (rf"\b{_any('hair_colour')} (?:hair\b|(?=pigtails\b))",),
    "stripes": (rf"\b{_any('stripes')}(?= (?:{_any('background')} )?wall\b)", r"\b(?:wall )(without|with) stripes\b"),
    "background": (rf"\b{_any('background')} wall\b",),
}  # fmt: skip
_MEANS = {
    "glasses": {"no": "none", "without": "none", "glasses": "none"},
    "hat": {"no": "none", "without": "none", "neither": "none"},
    "stripes": {"with": "striped", "without": "plain"},
}
_FILLERS = {",", "a", "an", "of", "the", "person", "picture", "with", "who", "is", "hair", "face", "wall", "and", "but",
            "wearing", "in", "front", "before"}  # fmt: skip


def captions(
    factors: Factors, *, about: Collection[str] | None = None, generator: torch.Generator | None = None
) -> list[str]:
    """Describes each face in one sentence, its wording drawn at random.

    Args:
        factors: Of n faces.
        about: The factors to tell of; by default all but the position. A caption without hair says nothing of hair.
        generator: Source of randomness for the wording; None means torch's global one.

    Returns:
        A list of n captions, in lower case.

    Raises:
        ValueError: If captions cannot tell of one of the factors in `about`.
    """
    about = (
        set(TOLD) if about is None else {arguments.known(name, TOLD, "factor that captions tell of") for name in about}
    )
    choices = torch.rand(
        len(factors), _CHOICES, generator=generator, device=generator.device if generator else "cpu"
    ).tolist()
    columns = {name: _words(name, factors[name]) for name in TOLD}
    return [
        _sentence({name: columns[name][i] for name in TOLD if name in about}, choices[i]) for i in range(len(factors))
    ]


def parse(caption: str) -> dict[str, Rule]:
    """Reads a caption: which factors it tells of, and what; the result is rules for `draw_factors`.

    A caption need not tell everything: "a smiling person with pink pigtails" fixes three factors.

    Returns:
        By factor the name of its value, or for smile and eye_size a range (low, high).

    Raises:
        ValueError: If a word is unknown, nothing is told, or two things contradict each other.
    """
    return {name: _rule(name, word) for name, word in _read(caption).items()}


def obeys(factors: Factors, caption: str) -> dict[str, Bool[Tensor, " n"]]:
    """Which faces are as the caption says, for every factor that it tells of.

    Args:
        factors: Of n faces, for instance as a network has read them off generated pictures.
        caption: What they should show.

    Returns:
        By factor booleans with shape (n,).
    """
    return {
        name: torch.tensor([said == word for said in _words(name, factors[name])], device=factors.device)
        for name, word in _read(caption).items()
    }


def _words(name: str, column: Tensor) -> list[str]:
    """The word for each entry of a factor's column."""
    factor = FACTORS[name]
    if factor.discrete:
        return [factor.values[i] for i in column.tolist()]
    third = ((column - factor.low) / (factor.high - factor.low) * 3).long().clamp(0, 2)
    return [THIRDS[name][i] for i in third.tolist()]


def _rule(name: str, word: str) -> Value | tuple[float, float]:
    if name not in THIRDS:
        return word
    low, width = FACTORS[name].low, (FACTORS[name].high - FACTORS[name].low) / 3
    third = THIRDS[name].index(word)
    return (low + width * third, low + width * (third + 1))


def _sentence(said: dict[str, str], choices: list[float]) -> str:
    """Puts a sentence together from what is to be said; `choices` are numbers in [0, 1) that pick the wording."""
    picture = _pick(_DRAWING[said["drawing"]], choices[0]) if "drawing" in said else "a picture"
    sentence = f"{picture} of a {said['smile']} person" if "smile" in said else f"{picture} of a person"
    features = _features(said, choices)
    if features:
        # One of the orders, by turns: a rotation, and half of the time backwards.
        turn = int(choices[4] * len(features))
        features = features[turn:] + features[:turn]
        features = features[::-1] if choices[5] < 0.5 else features
        sentence += " with " + _list(features)
    worn = _worn(said, choices[6])
    wall = _wall(said, choices[7])
    return ", ".join(part for part in (sentence, worn, wall) if part)


def _features(said: dict[str, str], choices: list[float]) -> list[str]:
    features = []
    if "skin" in said:
        features.append(_pick((f"{said['skin']} skin", f"a {said['skin']} complexion"), choices[1]))
    style, colour = said.get("hair_style"), said.get("hair_colour")
    if style == "pigtails":
        features.append(_pick(("{} pigtails", "{} hair in pigtails"), choices[2]).format(colour or "").strip())
    elif style or colour:
        forms = (f"{style or ''} {colour or ''} hair", f"{colour or ''} hair" + (f" that is {style}" if style else ""))
        features.append(" ".join(_pick(forms, choices[2]).split()))
    if "face_shape" in said:
        features.append(_pick((f"a {said['face_shape']} face", f"a face that is {said['face_shape']}"), choices[3]))
    if "eye_size" in said:
        features.append(_pick((f"{said['eye_size']} eyes", f"eyes that are {said['eye_size']}"), choices[1]))
    return features


def _worn(said: dict[str, str], choice: float) -> str:
    if said.get("hat") == said.get("glasses") == "none":
        return _pick(("wearing neither hat nor glasses", "wearing no hat and no glasses"), choice)
    forms = []
    if "hat" in said:
        forms.append("no hat" if said["hat"] == "none" else f"a {said['hat']}")
    if "glasses" in said:
        forms.append("no glasses" if said["glasses"] == "none" else f"{said['glasses']} glasses")
    forms = forms[::-1] if choice < 0.5 else forms
    if not forms:
        return ""
    link = " but " if any(form.startswith("no ") for form in forms) and not forms[0].startswith("no ") else " and "
    return "wearing " + link.join(forms)


def _wall(said: dict[str, str], choice: float) -> str:
    colour, stripes = said.get("background"), said.get("stripes")
    if not colour and not stripes:
        return ""
    if choice < 0.5 or not stripes:
        wall = " ".join(word for word in (stripes, colour, "wall") if word)
    else:
        wall = f"{colour or ''} wall {'with' if stripes == 'striped' else 'without'} stripes".strip()
    return _pick(("in front of a ", "before a "), 2 * choice % 1) + wall


def _read(caption: str) -> dict[str, str]:
    """The word that a caption says of each factor."""
    # A comma stays, or "a face that is long, black hair" would be long hair.
    rest = " ".join(re.findall(r"[^\s,.]+|,", str(caption).lower()))
    said: dict[str, str] = {}
    text = rest
    for name, patterns in _TOLD_BY.items():
        for pattern in patterns:
            for match in re.finditer(pattern, text):
                word = match.group(1)
                value = _MEANS.get(name, {}).get(word, word)
                if said.setdefault(name, value) != value:
                    raise ValueError(
                        f"the caption contradicts itself: {name} cannot be {said[name]} and {value}, in {caption!r}."
                    )
                # What has been understood is crossed out, letter for letter, so that places stay what they are.
                rest = rest[: match.start()] + " " * len(match.group()) + rest[match.end() :]
    unknown = [word for word in rest.split() if word not in _FILLERS]
    if unknown:
        raise ValueError(f"captions of faces do not say {unknown[0]!r} there, in {caption!r}; see captions(factors).")
    if not said:
        raise ValueError(f"the caption says nothing about a face: {caption!r}; try 'a smiling person with pink hair'.")
    return said


def _pick(forms: tuple[str, ...], choice: float) -> str:
    return forms[int(choice * len(forms))]


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
