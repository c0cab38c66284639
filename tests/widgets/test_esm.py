"""One module out of the toolkit and a widget's file."""

from __future__ import annotations

import re

import pytest

from coursekit.widgets import esm

OWN = 'import { slider } from "./toolkit.js";\nfunction render() { return slider; }\nexport default { render };\n'


def test_the_module_has_one_export_and_no_import():
    text = esm.compose_esm(OWN)
    assert re.findall(r"^export.*$", text, re.MULTILINE) == [esm.DEFAULT_EXPORT]
    assert not re.search(r"^import\b", text, re.MULTILINE)
    assert "function slider(" in text


@pytest.mark.parametrize("name", ["kde.js", "push_forward.js"])
def test_no_widget_reaches_for_the_network(name):
    text = esm.compose_esm(name) + esm.compose_css()
    assert not re.search(r"https?://", text)
    assert not re.search(r"(?<!\{)\bimport\((?!\"\./)", text)


def test_no_two_parts_of_the_toolkit_share_a_name():
    """Joined into one module, a name that is declared twice would be a syntax error in the browser only."""
    names = re.findall(r"^(?:function|class|const|let) (\w+)", esm.toolkit_text(), re.MULTILINE)
    assert len(names) > 15
    assert len(names) == len(set(names))


def test_a_widget_of_two_files_becomes_one_module():
    text = esm.compose_esm("game.js", parts=["game_plane.js"])
    assert re.findall(r"^export.*$", text, re.MULTILINE) == [esm.DEFAULT_EXPORT]
    assert not re.search(r"^import\b|https?://", text, re.MULTILINE)
    names = re.findall(r"^(?:function|class|const|let) (\w+)", text, re.MULTILINE)
    assert {"Plane", "render"} <= set(names)
    assert len(names) == len(set(names))
    with pytest.raises(ValueError, match=r"imports '\./game_plane\.js'"):
        esm.compose_esm("game.js")


def test_another_import_is_refused():
    with pytest.raises(ValueError, match=r"imports 'https://cdn\.example/d3\.js'.*without network"):
        esm.compose_esm('import * as d3 from "https://cdn.example/d3.js";\n' + OWN)


def test_a_missing_last_line_is_named():
    with pytest.raises(ValueError, match="export default"):
        esm.compose_esm("function render() {\n}\n")


def test_an_unknown_file_is_named():
    with pytest.raises(ValueError, match=r"no file 'nothing\.js'"):
        esm.compose_esm("nothing.js")
