"""What can be hidden? Each module here is one scheme, named as the rule that looks for it, and is found by being there.

A scheme is a function `hide(backstage)` that books what happens and labels it.
"""

import importlib
import pkgutil
from collections.abc import Callable

from simulation.backstage import Backstage

Hide = Callable[[Backstage], None]


def available() -> list[str]:
    """The names of all schemes, in order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def chosen(words: str) -> list[str]:
    """`all`, `none`, or names with commas between them. Raises ValueError with what is allowed."""
    if words == "all":
        return available()
    if words == "none":
        return []
    names = sorted({name.strip() for name in words.split(",") if name.strip()})
    unknown = [name for name in names if name not in available()]
    if unknown or not names:
        raise ValueError(
            f"unknown scheme {', '.join(unknown) or repr(words)}; allowed: all, none, {', '.join(available())}"
        )
    return names


def load(name: str) -> Hide:
    """The scheme's `hide`."""
    hide: Hide = importlib.import_module(f"{__name__}.{name}").hide
    return hide
