"""Do the container files say what the code says? There is no container engine here to find out by running them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.frame import DATASOURCE_UID
from stream.kafka_jars import required_program
from stream.settings import ENVIRONMENT_PREFIX, Settings, environment_name, resolve

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
METRICS_PORT = str(Settings().metrics_port)


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


COMPOSE = read_yaml(DEPLOY / "compose.yaml")
SERVICES = COMPOSE["services"]


def given(text: object) -> str:
    """A compose value as it stands when no variable of the shell is set: the default of each `${NAME:-default}`."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(text))


def mounts() -> list[tuple[str, str, str]]:
    """Every (service, host path or volume, container path)."""
    found = [
        (name, *volume.split(":")[:2]) for name, service in SERVICES.items() for volume in service.get("volumes", [])
    ]
    assert found
    return found


def test_every_environment_name_is_a_setting_with_an_allowed_value() -> None:
    environment = {name: given(value) for name, value in SERVICES["worker"]["environment"].items()}
    assert all(name.startswith(ENVIRONMENT_PREFIX) for name in environment)
    settings = resolve(environment=environment)
    assert (settings.prefix, settings.group, settings.partitions) == ("fund.", "fundwatch", 4)
    assert SERVICES["topics"]["environment"] == SERVICES["worker"]["environment"]


def test_the_containerfile_sets_known_settings_only() -> None:
    names = set(re.findall(r"FUNDWATCH_\w+", CONTAINERFILE))
    assert names == {environment_name("data"), environment_name("metrics_port")}


def test_the_metrics_port_is_the_same_everywhere() -> None:
    (job,) = read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    assert str(job["dns_sd_configs"][0]["port"]) == METRICS_PORT
    assert job["dns_sd_configs"][0]["names"] == ["worker"]
    assert f"127.0.0.1:{METRICS_PORT}:{METRICS_PORT}" in SERVICES["worker"]["ports"]
    assert SERVICES["worker"]["environment"]["FUNDWATCH_METRICS_PORT"] == METRICS_PORT
    assert re.search(rf"^EXPOSE {METRICS_PORT}$", CONTAINERFILE, re.MULTILINE)
    assert f"FUNDWATCH_METRICS_PORT={METRICS_PORT}" in CONTAINERFILE


def test_every_port_is_published_on_loopback_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_kafka_listens_where_the_worker_and_the_laptop_look_for_it() -> None:
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert f"CONTAINERS://{SERVICES['worker']['environment']['FUNDWATCH_BROKER']}" in advertised
    assert f"LAPTOP://{Settings().broker}" in advertised
    assert f"{Settings().broker}:{Settings().broker.split(':')[1]}" in SERVICES["kafka"]["ports"]
    roles = {entry.split("://")[0] for entry in SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")}
    mapped = SERVICES["kafka"]["environment"]["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert {entry.split(":")[0] for entry in mapped} == roles


def test_compose_runs_the_same_kafka_as_the_laptop() -> None:
    pom = (DEPLOY / "broker" / "pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka\.version>(.*?)</kafka\.version>", pom)
    assert version is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_the_settings_of_both_kafkas_agree() -> None:
    laptop = dict(
        line.split("=", 1)
        for line in (DEPLOY / "broker" / "server.properties").read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    container = SERVICES["kafka"]["environment"]
    for name in ("auto.create.topics.enable", "group.initial.rebalance.delay.ms", "offsets.topic.replication.factor"):
        assert container["KAFKA_" + name.upper().replace(".", "_")] == laptop[name]


@pytest.mark.parametrize(("service", "source", "target"), mounts(), ids=lambda value: str(value))
def test_every_mounted_path_exists_and_every_volume_is_declared(service: str, source: str, target: str) -> None:
    if source.startswith("."):
        assert (DEPLOY / source).exists(), f"{service} mounts {source} at {target}"
    else:
        assert source in COMPOSE["volumes"], f"{service} mounts the volume {source}"


def test_prometheus_finds_its_rules_where_they_are_mounted() -> None:
    config = read_yaml(DEPLOY / "prometheus" / "prometheus.yml")
    mounted = {target for service, _, target in mounts() if service == "prometheus"}
    assert {f"/etc/prometheus/{name}" for name in config["rule_files"]} | {"/etc/prometheus/prometheus.yml"} <= mounted
    assert read_yaml(ROOT / "dashboards" / "prometheus" / "fundwatch.rules.yml")["groups"]


def test_prometheus_itself_accepts_its_configuration(tmp_path: Path) -> None:
    for path in (DEPLOY / "prometheus" / "prometheus.yml", ROOT / "dashboards" / "prometheus" / "fundwatch.rules.yml"):
        shutil.copy(path, tmp_path)
    checker = required_program("promtool", "prometheus")
    subprocess.run([checker, "check", "config", str(tmp_path / "prometheus.yml")], check=True, capture_output=True)


def test_grafana_finds_the_dashboards_where_they_are_mounted() -> None:
    (provider,) = read_yaml(DEPLOY / "grafana/provisioning/dashboards/fundwatch.yaml")["providers"]
    mounted = {target: source for service, source, target in mounts() if service == "grafana"}
    folder = (DEPLOY / mounted[provider["options"]["path"]]).resolve()
    titles = {json.loads(path.read_text(encoding="utf-8"))["title"] for path in folder.glob("*.json")}
    assert len(titles) == 3


def test_grafana_knows_the_datasource_that_the_dashboards_name() -> None:
    (datasource,) = read_yaml(DEPLOY / "grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert (datasource["uid"], datasource["type"]) == (DATASOURCE_UID, "prometheus")
    assert datasource["url"] == "http://prometheus:9090"
    assert "127.0.0.1:9090:9090" in SERVICES["prometheus"]["ports"]


def test_the_image_holds_every_package_that_is_installed() -> None:
    copied = set(re.findall(r"^COPY (\w+) \w+$", CONTAINERFILE, re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert copied == packages == {"schemas", "detectors", "stream", "simulation", "dashboards"}
    for ignore in (".containerignore", ".dockerignore"):
        lines = (ROOT / ignore).read_text(encoding="utf-8").splitlines()
        assert {f"!{package}/**" for package in packages} <= set(lines)


def test_the_image_is_compiled_and_draws_reports() -> None:
    assert re.search(r"^COPY .*\bsetup\.py\b", CONTAINERFILE, re.MULTILINE)
    assert "schemas/compiled__mypyc" in CONTAINERFILE, "a wheel without it would be slow, and say nothing"
    assert 'group_name="schemas.compiled"' in (ROOT / "setup.py").read_text(encoding="utf-8")
    assert "whl)[report]" in CONTAINERFILE
    for ignore in (".containerignore", ".dockerignore"):
        assert "!setup.py" in (ROOT / ignore).read_text(encoding="utf-8").splitlines()


def test_an_engine_gives_a_worker_longer_to_stop_than_it_takes() -> None:
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) > 10
