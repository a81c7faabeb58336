"""Is what the machine lacks named with the command that installs it, and installed where we may?"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "deploy" / "prerequisites.sh"
TOOLS = ("sh", "sed", "head", "grep", "cut", "tr", "mkdir", "chmod", "rm", "cp")
JAVA = 'echo "openjdk version \\"{version}\\" 2025-04-15" >&2'
NEW_PYTHON = "exit 0"  # whatever it is asked, it is new enough
OLD_PYTHON = "exit 1"


class Machine:
    """A folder of programs that is all a machine has; each program is a line of shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for tool in TOOLS:
            path = shutil.which(tool)
            assert path is not None
            (folder / tool).symlink_to(path)
        self.has("id", "echo 1000")

    def has(self, name: str, line: str = "exit 0") -> None:
        program = self.folder / name
        program.write_text(f"#!{self.folder}/sh\n{line}\n")
        program.chmod(0o755)

    def prepare(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "sh"), str(SCRIPT), *arguments]
        environment = {"PATH": str(self.folder), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with nothing on it, and we are not root."""
    return Machine(tmp_path)


def test_a_machine_with_everything_is_silently_ready(machine: Machine) -> None:
    machine.has("python3", NEW_PYTHON)
    machine.has("java", JAVA.format(version="17.0.15"))
    for name in ("mvn", "prometheus", "promtool", "chromium", "chromedriver"):
        machine.has(name)
    done = machine.prepare()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_machine_without_a_browser_is_ready_and_is_told_what_it_goes_without(machine: Machine) -> None:
    machine.has("python3", NEW_PYTHON)
    machine.has("java", JAVA.format(version="17.0.15"))
    for name in ("mvn", "prometheus", "promtool"):
        machine.has(name)
    done = machine.prepare()
    assert done.returncode == 0
    assert "sudo apt-get install chromium chromium-driver" in done.stderr


def test_root_on_debian_gets_a_browser_and_goes_on_where_there_is_none(machine: Machine, tmp_path: Path) -> None:
    machine.has("id", "echo 0")
    machine.has("python3", NEW_PYTHON)
    machine.has("java", JAVA.format(version="17.0.15"))
    for name in ("mvn", "prometheus", "promtool"):
        machine.has(name)
    machine.has("apt-get", f'echo "$@" >>{tmp_path}/asked; exit 100')
    done = machine.prepare()
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["update -qq", "install -y -qq --no-install-recommends chromium chromium-driver"]
    assert "no Chromium" in done.stderr


def test_what_an_empty_machine_lacks_is_named_with_the_command_that_installs_it(machine: Machine) -> None:
    done = machine.prepare()
    assert done.returncode == 1
    for words in ("Python 3.11 or newer", "Java 17 or newer", "Maven", "Prometheus and promtool"):
        assert f"  {words}\n" in done.stderr
    command = "sudo apt-get install python3 python3-venv default-jre-headless maven prometheus"
    assert f"install it with:  {command}" in done.stderr


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_392"])
def test_an_old_java_does_not_do(machine: Machine, version: str) -> None:
    machine.has("java", JAVA.format(version=version))
    assert "  Java 17 or newer\n" in machine.prepare().stderr


def test_a_new_java_does(machine: Machine) -> None:
    machine.has("java", JAVA.format(version="21.0.1"))
    assert "Java" not in machine.prepare().stderr


def test_the_first_python_that_is_new_enough_is_taken(machine: Machine) -> None:
    machine.has("python3.11", OLD_PYTHON)
    machine.has("python3.12", NEW_PYTHON)
    machine.has("mine", NEW_PYTHON)
    assert machine.prepare("--python").stdout == "python3.12\n"
    assert machine.prepare("--python", "").stdout == "python3.12\n"
    assert machine.prepare("--python", "mine").stdout == "mine\n"


def test_root_on_debian_gets_it_installed(machine: Machine, tmp_path: Path) -> None:
    machine.has("id", "echo 0")
    machine.has("python3", NEW_PYTHON)
    machine.has("java", JAVA.format(version="17.0.15"))
    for name in ("prometheus", "promtool", "chromium", "chromedriver"):
        machine.has(name)
    machine.has(
        "apt-get", f'echo "$@" >>{tmp_path}/asked; case "$1" in install) cp {tmp_path}/id {tmp_path}/mvn;; esac'
    )
    done = machine.prepare()
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["update -qq", "install -y -qq --no-install-recommends maven"]


def test_what_apt_did_not_bring_is_still_missing(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("apt-get")
    done = machine.prepare()
    assert done.returncode == 1
    assert "still missing:\n  Python 3.11 or newer\n" in done.stderr
