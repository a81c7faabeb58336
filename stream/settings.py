"""What is this process told about where and how it runs?

Everything is resolved once, at the start, into one frozen `Settings`. The last source wins: defaults, `fundwatch.toml`,
the environment (`FUNDWATCH_` and the name in capitals), options of the command line.
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stream.errors import OperatorError
from stream.secret import Secret

ENVIRONMENT_PREFIX = "FUNDWATCH_"
DEFAULT_FILE = Path("fundwatch.toml")

_ADDRESS = r"(\[[0-9A-Fa-f:.]+\]|[^\s:,\[\]]+):[0-9]{1,5}"
_KAFKA_NAME = r"[A-Za-z0-9._-]"


class SettingError(OperatorError):
    """A setting is unknown or has a value that is not allowed.

    Operator action: correct the setting where the message says that it stands.
    """


def _allowed(words: str) -> dict[str, str]:
    return {"allowed": words}


ExistingFile = Annotated[Path | None, Meta(extra=_allowed("the path of an existing file"))]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this process runs. Secrets hide themselves; paths from a file are relative to that file."""

    broker: Annotated[
        str, Meta(pattern=rf"^{_ADDRESS}(,{_ADDRESS})*$", extra=_allowed("host:port, more of them parted by commas"))
    ] = "127.0.0.1:9092"
    prefix: Annotated[
        str, Meta(pattern=rf"^{_KAFKA_NAME}{{0,100}}$", extra=_allowed("letters, digits, '.', '_' and '-'"))
    ] = "fund."
    group: Annotated[
        str, Meta(pattern=rf"^{_KAFKA_NAME}{{1,100}}$", extra=_allowed("letters, digits, '.', '_' and '-', not empty"))
    ] = "fundwatch"
    data: Annotated[Path, Meta(extra=_allowed("the path of a folder"))] = Path(".fundwatch")
    metrics_host: Annotated[str, Meta(min_length=1, extra=_allowed("an address of this machine"))] = "127.0.0.1"
    metrics_port: Annotated[int, Meta(ge=0, le=65535, extra=_allowed("a port, 0 to 65535 (0: any free one)"))] = 9464
    processes: Annotated[
        int,
        Meta(ge=1, le=16, extra=_allowed("1 to 16 (one has the later stages, the others share the first one)")),
    ] = 3
    partitions: Annotated[int, Meta(ge=1, le=1000, extra=_allowed("a whole number from 1 to 1000"))] = 4
    rules: ExistingFile = None
    pseudonym_key: Annotated[Secret | None, Meta(extra=_allowed("a text, not empty"))] = None
    pseudonym_key_file: ExistingFile = None
    mark_quiet_seconds: Annotated[float, Meta(ge=0, extra=_allowed("seconds, 0 or more (0: off)"))] = 60.0
    log_level: Annotated[
        Literal["debug", "info", "warning"],
        Meta(extra=_allowed("debug, info or warning; debug shows no record either")),
    ] = "info"
    tls: Annotated[bool, Meta(extra=_allowed("true or false"))] = False
    tls_ca: ExistingFile = None
    tls_cert: ExistingFile = None
    tls_key: ExistingFile = None
    sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None,
        Meta(extra=_allowed("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")),
    ] = None
    sasl_user: Annotated[str | None, Meta(extra=_allowed("a user's name"))] = None
    sasl_password: Annotated[Secret | None, Meta(extra=_allowed("a text"))] = None
    sasl_password_file: ExistingFile = None

    def brokers(self) -> list[str]:
        """The addresses to start from, each `host:port`."""
        return self.broker.split(",")

    def topic(self, name: str) -> str:
        """The full name of one of our topics.

        >>> Settings().topic("alerts")
        'fund.alerts'
        """
        return self.prefix + name


_TYPES = {field.name: field.type for field in msgspec.structs.fields(Settings)}
_SECRET = frozenset({"pseudonym_key", "sasl_password"})
# Numbers and booleans also as strings.
_LAX = frozenset({"metrics_port", "partitions", "processes", "mark_quiet_seconds", "tls"})
_FILES = frozenset({"rules", "tls_ca", "tls_cert", "tls_key", "sasl_password_file", "pseudonym_key_file"})


def environment_name(setting: str) -> str:
    """The environment variable of a setting.

    >>> environment_name("metrics_port")
    'FUNDWATCH_METRICS_PORT'
    """
    return ENVIRONMENT_PREFIX + setting.upper()


def resolve(
    options: Mapping[str, object] | None = None,
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of this process; `options` that are None were not given.

    Raises `SettingError` on anything unknown, wrong or contradictory, in whatever source it stands.
    """
    values: dict[str, object] = {}
    for name, value, place in _sources(options or {}, config, os.environ if environment is None else environment):
        values[name] = _converted(name, value, place)
    return _completed(Settings(**values))  # type: ignore[arg-type]  # each value was converted to its field's type


def _sources(
    options: Mapping[str, object], config: Path | None, environment: Mapping[str, str]
) -> Iterator[tuple[str, object, str]]:
    """Every (setting, raw value, where it stands), the strongest source last."""
    yield from _from_file(config)
    for variable in sorted(environment):
        if variable.startswith(ENVIRONMENT_PREFIX):
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            if name not in _TYPES:
                raise _unknown(variable, environment_name, "the environment")
            # An empty variable is how compose files say "not given"; only a text may really be empty.
            if environment[variable] or name == "prefix":
                yield name, environment[variable], f"the environment ({variable})"
    for name, value in options.items():
        if value is not None:
            yield name, value, f"the option --{name.replace('_', '-')}"


def _from_file(config: Path | None) -> Iterator[tuple[str, object, str]]:
    path = config or DEFAULT_FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if config is None:
            return
        raise SettingError(f"settings file {path} does not exist", "give --config an existing file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"settings file {path} cannot be read: {error}", "mend the file") from None
    for name, value in table.items():
        if name not in _TYPES:
            raise _unknown(name, str, str(path))
        is_path = name == "data" or name in _FILES
        yield name, path.parent / value if is_path and isinstance(value, str) else value, str(path)


def _converted(name: str, value: object, place: str) -> object:
    try:
        converted: object = msgspec.convert(value, _TYPES[name], strict=name not in _LAX, dec_hook=_decode)
    except msgspec.ValidationError:
        raise _wrong(name, value, place) from None
    if isinstance(converted, Path) and name in _FILES and not converted.is_file():
        raise _wrong(name, value, place)
    return converted


def _decode(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str | Path):
        return Path(value)
    if wanted is Secret and isinstance(value, str) and value:
        return Secret(value)
    raise ValueError(wanted)


def _completed(settings: Settings) -> Settings:
    """Reads the files of secrets and refuses settings that contradict each other."""
    for name in sorted(_SECRET):
        settings = _with_secret_of_file(settings, name)
    for name in ("tls_ca", "tls_cert", "tls_key"):
        if not settings.tls and getattr(settings, name) is not None:
            raise SettingError(f"setting {name} is given, but tls is false", "set tls to true or drop it")
    _all_or_none(settings, "tls_cert", "tls_key")
    _all_or_none(settings, "sasl_mechanism", "sasl_user", "sasl_password")
    return settings


def _with_secret_of_file(settings: Settings, name: str) -> Settings:
    path: Path | None = getattr(settings, f"{name}_file")
    if path is None:
        return settings
    if getattr(settings, name) is not None:
        raise SettingError(f"{name} and {name}_file are both set", "keep one of them")
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:  # its text would quote the bytes at fault
        raise SettingError(f"{name}_file {path} cannot be read ({type(error).__name__})", "mend the file") from None
    if not text:
        raise SettingError(f"{name}_file {path} is empty", "write the secret into it")
    return msgspec.structs.replace(settings, **{name: Secret(text)})


def _all_or_none(settings: Settings, *names: str) -> None:
    missing = [name for name in names if getattr(settings, name) is None]
    if missing and len(missing) < len(names):
        raise SettingError(f"setting {missing[0]} is missing", f"{', '.join(names)} go together: give all or none")


def _wrong(name: str, value: object, place: str) -> SettingError:
    shown = "***" if name in _SECRET else repr(str(value) if isinstance(value, Path) else value)
    return SettingError(f"setting {name} = {shown} in {place} is not allowed", f"allowed: {allowed_values(name)}")


def _unknown(given: str, spell: Callable[[str], str], place: str) -> SettingError:
    known = [spell(name) for name in _TYPES]
    near = difflib.get_close_matches(given, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return SettingError(f"unknown setting {given} in {place}", f"{hint}known are {', '.join(known)}")


def allowed_values(name: str) -> str:
    """What a setting may be, in words."""
    meta = Settings.__annotations__[name].__metadata__[0]
    return str(meta.extra["allowed"])
