"""Is every command found, explained, and does each end with the right status and one clear line?"""

import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from stream import cli
from stream.cli import fundwatch
from stream.errors import OperatorError

MODULES = sorted(path.stem for path in Path(cli.__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand with its full name."""
    context = click.Context(fundwatch)
    for name in fundwatch.list_commands(context):
        command = fundwatch.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {verb}", sub) for verb, sub in command.commands.items())


def run(*arguments: str, code: str = "from stream.cli import main; main()") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def test_every_module_with_a_command_is_a_command_under_its_name() -> None:
    found = dict(commands())
    holding = [module for module in MODULES if hasattr(import_module(f"stream.cli.{module}"), "command")]
    assert {"broker", "topics"} <= set(holding)
    assert {name for name in found if " " not in name} == {module.replace("_", "-") for module in holding}


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_explains_itself_with_an_example(name: str, command: click.Command) -> None:
    words = f"{command.help}\n{command.epilog}"
    assert command.help, f"{name} has no help"
    assert "Example" in words
    assert f"fundwatch {name.split()[0]}" in words or f"… {name.split()[0]}" in words
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name}: {parameter.opts[0]} has no help"


def test_the_list_of_commands_shows_each_with_its_first_line_without_importing_any() -> None:
    code = (
        "import sys; from stream.cli import fundwatch; fundwatch.main(['--help'], standalone_mode=False); "
        "print([name for name in sys.modules if name.startswith('stream.cli.') or name in ('kafka', 'faust', 'river')])"
    )
    lines = run(code=code).stdout.splitlines()
    assert lines[-1] == "[]"
    assert any(line.split()[:1] == ["topics"] for line in lines)


def test_help_comes_within_a_third_of_a_second() -> None:
    def seconds() -> float:
        """Of computing: what other processes take from the machine meanwhile is not ours."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.3


def test_the_version_is_that_of_the_project() -> None:
    shown = run("--version").stdout
    assert shown.startswith("fundwatch ")
    assert f'version = "{shown.split()[1]}"' in Path(cli.__file__).parents[2].joinpath("pyproject.toml").read_text()


@pytest.mark.parametrize(
    "arguments",
    [["no-such-command"], ["--no-such-option"], ["topics", "create", "--partitions", "four"], ["topics", "bake"]],
)
def test_wrong_use_exits_with_two_and_explains_on_standard_error(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--config", "/nowhere.toml", "topics", "check"], "settings file /nowhere.toml does not exist; "),
        (
            ["--broker", "nonsense", "topics", "check"],
            "setting broker = 'nonsense' in the option --broker is not allowed; ",
        ),
        (
            ["topics", "create", "--partitions", "0"],
            "setting partitions = 0 in the option --partitions is not allowed; ",
        ),
    ],
)
def test_what_the_operator_can_mend_is_one_line_with_the_cure_and_exits_with_one(
    arguments: list[str], line: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"fundwatch: {line}")
    assert done.stderr.count("\n") == 1


BREAKING = "from stream import cli; cli.Invocation.settings = lambda *a: 1 / 0; cli.main({})"


def test_an_unexpected_failure_is_one_line_and_its_traceback_comes_when_asked() -> None:
    quiet = run(code=BREAKING.format("['topics', 'check']"))
    assert quiet.returncode == 1
    assert quiet.stderr == (
        "fundwatch: unexpected ZeroDivisionError at <string>:1 ('fundwatch --debug …' shows where)\n"
    )
    loud = run(code=BREAKING.format("['--debug', 'topics', 'check']"))
    assert loud.returncode == 1
    assert "Traceback" in loud.stderr
    assert "settings" in loud.stderr


@pytest.mark.parametrize(("raised", "status"), [("KeyboardInterrupt", 130), ("BrokenPipeError", 141)])
def test_an_interrupted_command_ends_as_shells_expect_without_a_word(raised: str, status: int) -> None:
    fail = f"def fail(*a): raise {raised}\n"
    code = fail + "from stream import cli; cli.Invocation.settings = fail; cli.main(['topics', 'check'])"
    done = run(code=code)
    assert (done.returncode, done.stderr.strip()) == (status, "")


def test_an_operator_error_says_what_and_then_the_cure() -> None:
    assert str(OperatorError("the lamp is dark", "put in a bulb")) == "the lamp is dark; put in a bulb"
    assert str(OperatorError("the lamp is dark")) == "the lamp is dark"
