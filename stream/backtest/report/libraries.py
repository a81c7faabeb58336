"""Where do the page's two libraries come from? Out of installed packages, whole, so that the page needs no network.

Vega-Lite (charts) is bundled by vl-convert-python, DataTables (tables) by itables; see docs/decisions/0013.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.metadata import version
from importlib.util import find_spec

import msgspec

from stream.errors import OperatorError

_PACKAGES = {"vl_convert": "vl-convert-python", "itables": "itables", "jinja2": "jinja2"}


class Libraries(msgspec.Struct, frozen=True):
    """JavaScript and style of both, and the versions that they are."""

    vega: str
    datatables: str
    datatables_style: str
    versions: dict[str, str]


def require() -> None:
    """Raises `OperatorError` where a package of the extra `report` is missing. Operator action: install it."""
    for module, package in _PACKAGES.items():
        if find_spec(module) is None:
            raise OperatorError(
                f"a report needs {package}, which is not installed",
                "pip install 'fundwatch[report]', or leave out --report",
            )


@cache
def libraries() -> Libraries:
    """Read once a process: bundling Vega takes seconds."""
    import vl_convert

    folder = resources.files("itables") / "html"
    found = Libraries(
        vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"),
        (folder / "dt_bundle.js").read_text("utf-8"),
        (folder / "dt_bundle.css").read_text("utf-8"),
        {
            "Vega-Lite": vl_convert.get_vegalite_versions()[-1],
            "Vega": vl_convert.get_vega_version(),
            "DataTables (itables)": version("itables"),
        },
    )
    if "</style" in found.datatables_style.lower():
        raise OperatorError(
            "the style of itables cannot stand in a page: it would end its own element",
            "install what constraints.txt names",
        )
    return found
