"""Does the README tell the truth about commands, settings and files?"""

import re
from pathlib import Path

import click
import msgspec

from stream.cli import fundwatch
from stream.settings import ENVIRONMENT_PREFIX, Settings, environment_name

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_names_every_command_and_none_that_is_not_there() -> None:
    rows = re.findall(r"^\| `fundwatch ([a-z-]+)", README, re.MULTILINE)
    assert sorted(rows) == fundwatch.list_commands(click.Context(fundwatch))


def test_it_names_every_setting_with_its_default() -> None:
    table = README.partition("## Settings")[2].partition("## Where to look")[0]
    first = ""
    named: set[str] = set()
    for name in re.findall(r"`((?:FUNDWATCH|…)_\w+)`", table):
        first = name if name.startswith(ENVIRONMENT_PREFIX) else first
        stem = re.match(r"FUNDWATCH_(?:TLS|SASL)", first)
        named.add(name if name.startswith(ENVIRONMENT_PREFIX) else f"{stem[0] if stem else ''}{name.removeprefix('…')}")
    assert named == {environment_name(field.name) for field in msgspec.structs.fields(Settings)}
    for default in (Settings().broker, Settings().prefix, str(Settings().data), str(Settings().metrics_port)):
        assert f"`{default}`" in table


def test_every_path_and_link_in_it_exists() -> None:
    paths = re.findall(r"\]\(([^)#:]+)\)|^\| `([a-z]+/)`", README, re.MULTILINE)
    assert len(paths) > 6
    for link, folder in paths:
        assert (ROOT / (link or folder)).exists(), link or folder


def test_make_knows_every_target_that_it_names() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
