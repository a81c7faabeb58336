"""Where are the jars of a real Kafka, and how do they get there?

They are named by `deploy/broker/pom.xml`, copied once by Maven into `.cache/` of the checkout, and never fetched again.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stream.errors import OperatorError

CHECKOUT = Path(__file__).resolve().parent.parent
BROKER_FILES = CHECKOUT / "deploy" / "broker"


def required_program(name: str, package: str) -> str:
    """The path of a program, or an `OperatorError` with the command that installs it on Debian."""
    path = shutil.which(name)
    if path is None:
        raise OperatorError(f"the program '{name}' is missing", f"install it: sudo apt-get install {package}")
    return path


def jars_folder() -> Path:
    """The folder of the jars, whether or not they are there yet; another `pom.xml` has another folder."""
    pom = BROKER_FILES / "pom.xml"
    if not pom.exists():
        raise OperatorError(
            f"{pom} does not exist: the laptop's broker is run from a checkout",
            "clone the project, or set FUNDWATCH_BROKER to a Kafka that runs already",
        )
    return CHECKOUT / ".cache" / f"kafka-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"


def fetched_jars() -> Path:
    """The folder of the jars, fetched with Maven when they are not there; several processes may call this at once."""
    folder = jars_folder()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(exist_ok=True)
    with open(folder.parent / "fetch.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = required_program("mvn", "maven")
    sys.stderr.write(f"fetching Kafka with Maven into {folder} (once, 43 MB)\n")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        # Copied beside and then renamed: an interrupted fetch leaves no half-filled folder that looks like a whole one.
        copied = Path(scratch, "jars")
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={copied}"]
        run = subprocess.run(
            [maven, "--quiet", "--batch-mode", "--file", str(BROKER_FILES / "pom.xml"), *goal],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if run.returncode != 0:
            lines = [line for line in (run.stdout + run.stderr).splitlines() if "ERROR" in line]
            raise OperatorError(
                f"Maven could not fetch Kafka: {lines[0] if lines else 'it said nothing'}",
                "check the network and Maven's settings, then run 'fundwatch broker fetch'",
            )
        copied.rename(folder)
