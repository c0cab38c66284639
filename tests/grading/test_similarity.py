"""Similar answers: what hides nothing, what counts for nothing, and what a person gets to see."""
from __future__ import annotations

from pathlib import Path

from coursekit.grading.similarity import ENOUGH, fingerprints, normalised, same_notebooks, similar_pairs, write_similar

COMMON = "def f(x):\n    m = x.mean(0)\n    s = x.std(0)\n    return (x - m) / s\n"
ODD = """
def f(x):
    out = torch.empty_like(x)
    for column in range(x.shape[1]):
        values = x[:, column]
        centre = sum(float(v) for v in values) / len(values)
        spread = (sum((float(v) - centre) ** 2 for v in values) / len(values)) ** 0.5
        out[:, column] = (values - centre) / max(spread, 1e-300)
    return out
"""
RENAMED = ODD.replace("def f(x):", 'def f(x):\n    """My own words."""  # and mine alone')
for old, new in (("out", "result"), ("column", "j"), ("values", "taken"), ("centre", "mu")):
    RENAMED = RENAMED.replace(old, new)
OTHER = "def f(x):\n    import numpy as np\n    a = np.asarray(x)\n    return (a - a.mean(axis=0)) / a.std(axis=0)\n"


def test_names_comments_doc_strings_and_layout_do_not_count() -> None:
    assert normalised("def f(a):  # x\n    'words'\n    return a+1") == normalised("def g(b):\n        return (b + 1)")
    assert normalised("a = b") != normalised("a = a")
    assert normalised("not (python") == ["not", "(python"]
    moved = "import os\n\n\ndef helper(q):\n    return q\n" + ODD
    assert len(fingerprints(ODD) & fingerprints(moved)) > 0.8 * len(fingerprints(ODD))


def test_a_renamed_copy_comes_first_and_the_common_answer_tells_nothing() -> None:
    answers = {f"honest{i}": {"t1": COMMON} for i in range(8)}
    answers |= {"copied": {"t1": RENAMED}, "copier": {"t1": ODD}, "other": {"t1": OTHER}}
    pairs = similar_pairs(answers)
    assert (pairs[0].first, pairs[0].second, pairs[0].task) == ("copied", "copier", "t1")
    assert pairs[0].score > 0.8
    assert not [p for p in pairs if p.first.startswith("honest") and p.second.startswith("honest")]


def test_a_copy_that_half_the_class_has_is_shown_as_a_group() -> None:
    """What many hold is not rare, so no pair shares anything rare; the whole notebooks are the same all the same."""
    more = ODD.replace("def f", "def g").replace("/ len(values)", "/ (len(values) - 1)").replace("x.shape[1]", "2 * 3")
    mine, theirs = {"t1": ODD, "t2": more}, {"t1": RENAMED, "t2": more}
    assert len(fingerprints(ODD)) + len(fingerprints(more)) >= ENOUGH
    answers = {f"honest{i}": {"t1": COMMON, "t2": OTHER} for i in range(6)}
    answers |= {f"ring{i}": mine if i % 2 else theirs for i in range(6)}
    assert not [p for p in similar_pairs(answers) if p.first.startswith("ring") and p.second.startswith("ring")]
    assert same_notebooks(answers) == [[f"ring{i}" for i in range(6)]], "short answers that agree are no group"
    assert same_notebooks(answers, mine) == [], "what was handed out is nobody's own"
    apart = {**answers, "ring0": {"t1": ODD, "t2": OTHER}}
    assert same_notebooks(apart) == [[f"ring{i}" for i in range(1, 6)]]


def test_what_was_handed_out_is_nobody_s_own() -> None:
    answers = {f"s{i}": {"t1": ODD if i < 2 else COMMON} for i in range(9)}
    assert similar_pairs(answers)[0].score > 0.9
    assert similar_pairs(answers, {"t1": ODD}) == []


def test_the_page_is_safe(tmp_path: Path) -> None:
    code = ODD + "\n# <script>alert(1)</script> \ud800"
    answers = {"<b>": {"t1": code}, "y": {"t1": code}, "z": {"t1": COMMON}, "w": {"t1": OTHER}}
    write_similar(tmp_path / "similar.html", similar_pairs(answers), answers, [["<b>", "y"]])
    page = (tmp_path / "similar.html").read_text("utf-8")
    assert "<script>" not in page and "<b>" not in page and "&lt;b&gt; and y" in page and "2: &lt;b&gt;, y" in page
    write_similar(tmp_path / "none.html", [], {}, [])
    empty = (tmp_path / "none.html").read_text("utf-8")
    assert "No two submissions" in empty and "all but the same" not in empty


def test_whatever_the_text_is_there_are_fingerprints() -> None:
    assert len(normalised("x=1;" * 1_000_000)) == 1, "parsed, it would cost gigabytes"
    for text in ("", "\x00", "(" * 500, "é = 1", "%magic", "x = " + "-" * 3000 + "1"):
        assert fingerprints(text)
