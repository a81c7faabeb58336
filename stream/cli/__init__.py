"""The command `fundwatch`.

Every module of this folder that has a click command named `command` is a command under the module's name, with `_` as
`-`. A module is imported only when its command runs: the list and its one-line help come from the module's source.
"""

import ast
import os
import pkgutil
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import click
import msgspec

from stream.errors import OperatorError
from stream.settings import Settings, resolve

EXIT_FAILURE = 1
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count
EXIT_PIPE_CLOSED = 141  # 128 + SIGPIPE


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """What was given before the command's name; commands take it with `@click.pass_obj`."""

    config: Path | None = None
    broker: str | None = None

    def settings(self, options: Mapping[str, object] | None = None) -> Settings:
        """The settings of this run; `options` are the command's own, by setting, None where not given."""
        return resolve({"broker": self.broker, **(options or {})}, config=self.config)


class CommandsByModule(click.Group):
    """A group whose commands are the modules of `stream/cli/`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted(_summaries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None when there is none."""
        if cmd_name not in _summaries():
            return None
        command = import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"stream.cli.{cmd_name}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_summaries().items()))


def _summaries() -> dict[str, str]:
    """Each command's name with the first line of its help, read from the sources."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(__path__):
        source = Path(__path__[0], f"{module.name}.py")
        summary = _summary(
            ast.parse((source if source.exists() else Path(__path__[0], module.name, "__init__.py")).read_bytes())
        )
        if summary is not None:
            found[module.name.replace("_", "-")] = summary
    return found


def _summary(tree: ast.Module) -> str | None:
    """The first line of the docstring of `command` (or of the module); None when the module has no `command`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "command":
            return (ast.get_docstring(node) or ast.get_docstring(tree) or "").partition("\n")[0]
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "command" for t in node.targets):
            return (ast.get_docstring(tree) or "").partition("\n")[0]
    return None


@click.group(cls=CommandsByModule, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (default: fundwatch.toml, if it is there)."
)
@click.option("--broker", metavar="HOST:PORT,…", help="Kafka's address (default: 127.0.0.1:9092).")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected failure.")
@click.version_option(package_name="fundwatch", message="%(prog)s %(version)s")
@click.pass_context
def fundwatch(ctx: click.Context, config: Path | None, broker: str | None, debug: bool) -> None:
    """Watches a medical-insurance fund: transactions in from Kafka, alerts out.

    Settings come from (the last wins) defaults, fundwatch.toml, the environment FUNDWATCH_…, options.

    Example: fundwatch --broker 127.0.0.1:9092 topics create
    """
    ctx.obj = Invocation(config=config, broker=broker)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process: 0 success, 1 failure with one line, 2 wrong use."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(given))


def _run(arguments: list[str]) -> int:
    try:
        status = fundwatch.main(arguments, prog_name="fundwatch", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OperatorError as error:
        return _failed(str(error), arguments)
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went (`| head`); nothing more can be said there, not even at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE_CLOSED
    except Exception as error:  # noqa: BLE001  # the outermost frame: reported, never swallowed
        from detectors.engine.registry import RegistryError  # not before it is needed: every command starts here

        if isinstance(error, RegistryError):  # an engineer's mistake in a rule, which quotes no record
            return _failed(str(error), arguments)
        hint = "" if "--debug" in arguments else " ('fundwatch --debug …' shows where)"
        frame = traceback.extract_tb(error.__traceback__)[-1]
        # Kind and place, not its text: that may quote a record, and of a worker this line goes to its log.
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        return _failed(f"unexpected {type(error).__name__} at {place}{hint}", arguments)


def _failed(line: str, arguments: list[str]) -> int:
    if "--debug" in arguments:
        traceback.print_exc()
    click.echo(f"fundwatch: {' '.join(line.split())}", err=True)
    return EXIT_FAILURE
