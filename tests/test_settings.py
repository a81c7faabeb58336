"""Does every setting come from its place, and does a wrong one stop the start with its name and what is allowed?"""

from pathlib import Path

import pytest

from stream.secret import Secret
from stream.settings import SettingError, Settings, allowed_values, environment_name, resolve

PROMISED = {
    "FUNDWATCH_BROKER": "k1:9092,k2:9092",
    "FUNDWATCH_PREFIX": "test.",
    "FUNDWATCH_GROUP": "g",
    "FUNDWATCH_DATA": "/somewhere",
    "FUNDWATCH_METRICS_HOST": "127.0.0.2",
    "FUNDWATCH_METRICS_PORT": "9000",
    "FUNDWATCH_PARTITIONS": "8",
    "FUNDWATCH_PSEUDONYM_KEY": "a secret of the county",
    "FUNDWATCH_MARK_QUIET_SECONDS": "0",
    "FUNDWATCH_TLS": "true",
    "FUNDWATCH_SASL_MECHANISM": "SCRAM-SHA-512",
    "FUNDWATCH_SASL_USER": "worker",
    "FUNDWATCH_SASL_PASSWORD": "hush",
}


def test_without_any_source_the_defaults_hold() -> None:
    assert resolve(environment={}) == Settings()


def test_every_promised_environment_name_works() -> None:
    assert resolve(environment=PROMISED) == Settings(
        broker="k1:9092,k2:9092",
        prefix="test.",
        group="g",
        data=Path("/somewhere"),
        metrics_host="127.0.0.2",
        metrics_port=9000,
        partitions=8,
        pseudonym_key=Secret("a secret of the county"),
        mark_quiet_seconds=0.0,
        tls=True,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_user="worker",
        sasl_password=Secret("hush"),
    )


@pytest.mark.parametrize("name", ["rules", "tls_ca", "sasl_password_file"])
def test_a_path_setting_works_and_must_name_an_existing_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "file"
    environment = {environment_name(name): str(file), "FUNDWATCH_TLS": "1"}
    with pytest.raises(SettingError, match=f"setting {name} = .*existing file"):
        resolve(environment=environment)
    file.write_text("hush\n")
    if name == "sasl_password_file":
        environment |= {"FUNDWATCH_SASL_MECHANISM": "PLAIN", "FUNDWATCH_SASL_USER": "worker"}
    assert getattr(resolve(environment=environment), name) == file


def test_the_last_source_wins(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('group = "file"\npartitions = 2\nprefix = "file."\n')
    environment = {"FUNDWATCH_PARTITIONS": "3", "FUNDWATCH_PREFIX": "environment."}
    settings = resolve({"prefix": "option.", "broker": None}, config=config, environment=environment)
    assert (settings.group, settings.partitions, settings.prefix) == ("file", 3, "option.")
    assert settings.broker == Settings().broker


def test_fundwatch_toml_of_the_working_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fundwatch.toml").write_text("metrics_port = 9999\n")
    monkeypatch.chdir(tmp_path)
    assert resolve(environment={}).metrics_port == 9999


def test_paths_in_a_settings_file_are_relative_to_that_file(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("")
    config = tmp_path / "mine.toml"
    config.write_text('rules = "rules.toml"\ndata = "state"\n')
    settings = resolve(config=config, environment={})
    assert (settings.rules, settings.data) == (tmp_path / "rules.toml", tmp_path / "state")


def test_an_empty_variable_is_not_given_but_an_empty_prefix_is() -> None:
    settings = resolve(environment={"FUNDWATCH_GROUP": "", "FUNDWATCH_TLS_CA": "", "FUNDWATCH_PREFIX": ""})
    assert (settings.group, settings.tls_ca, settings.prefix) == ("fundwatch", None, "")


WRONG = {
    "BROKER": ["localhost", "", "a:1,", "a:b", "a b:1"],
    "PREFIX": ["fund/", "a b"],
    "GROUP": ["a b"],
    "METRICS_PORT": ["-1", "65536", "x", "1.5"],
    "PARTITIONS": ["0", "1001", "four"],
    "MARK_QUIET_SECONDS": ["-1", "soon"],
    "TLS": ["perhaps", "2"],
    "SASL_MECHANISM": ["GSSAPI", "plain"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values if value]
)
def test_a_wrong_value_stops_with_its_name_the_value_and_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        resolve(environment={f"FUNDWATCH_{name}": value})
    assert f"setting {name.lower()} = {value!r} in the environment (FUNDWATCH_{name})" in str(caught.value)
    assert allowed_values(name.lower()) in str(caught.value)


@pytest.mark.parametrize(
    "line", ["partitions = 0", 'partitions = "x"', "broker = 9092", "tls = 7", "metrics_port = true"]
)
def test_a_wrong_value_in_the_file_names_the_file(tmp_path: Path, line: str) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(line)
    with pytest.raises(SettingError, match=rf"setting {line.split()[0]} = .* in {config} is not allowed; allowed: "):
        resolve(config=config, environment={})


def test_an_unknown_setting_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError, match="unknown setting FUNDWATCH_PARTITION in the environment; did you mean FUNDWATCH_PARTITIONS"
    ):
        resolve(environment={"FUNDWATCH_PARTITION": "4"})
    config = tmp_path / "mine.toml"
    config.write_text('brokers = "a:1"\n')
    with pytest.raises(SettingError, match="unknown setting brokers in .*did you mean broker"):
        resolve(config=config, environment={})


@pytest.mark.parametrize("text", ["partitions = ", "\xff"])
def test_an_unreadable_settings_file_says_so(tmp_path: Path, text: str) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(text, encoding="latin-1")
    with pytest.raises(SettingError, match="cannot be read"):
        resolve(config=config, environment={})


def test_a_settings_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="does not exist"):
        resolve(config=tmp_path / "nowhere.toml", environment={})


def test_secrets_are_masked_in_reprs_and_in_errors() -> None:
    settings = resolve(environment=PROMISED)
    assert "hush" not in repr(settings)
    assert "county" not in repr(settings)
    assert f"{settings.pseudonym_key}" == "***"
    with pytest.raises(SettingError) as caught:
        resolve({"sasl_password": 12345}, environment={})
    assert "12345" not in str(caught.value)
    assert "sasl_password = ***" in str(caught.value)


def test_the_password_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hush\n")
    sasl = {"FUNDWATCH_SASL_MECHANISM": "PLAIN", "FUNDWATCH_SASL_USER": "worker"}
    settings = resolve(environment=sasl | {"FUNDWATCH_SASL_PASSWORD_FILE": str(file)})
    assert settings.sasl_password == Secret("hush")
    with pytest.raises(SettingError, match="both set"):
        resolve(environment=sasl | {"FUNDWATCH_SASL_PASSWORD_FILE": str(file), "FUNDWATCH_SASL_PASSWORD": "hush"})


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"FUNDWATCH_SASL_MECHANISM": "PLAIN"}, "sasl_user is missing"),
        ({"FUNDWATCH_SASL_USER": "worker"}, "sasl_mechanism is missing"),
        ({"FUNDWATCH_SASL_MECHANISM": "PLAIN", "FUNDWATCH_SASL_USER": "worker"}, "sasl_password is missing"),
        ({"FUNDWATCH_TLS": "true", "FUNDWATCH_TLS_CERT": __file__}, "tls_key is missing"),
        ({"FUNDWATCH_TLS_CA": __file__}, "tls_ca is given, but tls is false"),
    ],
)
def test_settings_that_need_each_other_come_together(environment: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        resolve(environment=environment)
