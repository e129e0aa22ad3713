"""What can be said of a compose file without an engine.

Its form is that of the compose specification, whose JSON Schema (Apache-2.0) comes with `check-jsonschema`;
what the schema cannot say, that names which are used are also defined, is looked up here.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from ruamel.yaml import YAML, YAMLError

# What a user has to bring.
KEYS = {
    "POSTHASTE_ADMIN_KEY": "operator-key-of-the-deployment-check",
    "POSTHASTE_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}
PORT = 8080
METRICS_PATH = "/metrics"


class Unset(Exception):
    """A variable that has to be set is not."""


def load(text: str) -> dict:
    return YAML(typ="safe").load(text)


def interpolated(text: str, variables: dict[str, str]) -> str:
    """The value with `${NAME}`, `${NAME:-otherwise}` and `${NAME:?why}` replaced, and `$$` as `$`."""

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        value = variables.get(match["name"], "")
        if not value and match["how"] == ":?":
            raise Unset(f"{match['name']}: {match['rest']}")
        return value or (match["rest"] if match["how"] == ":-" else "")

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<rest>[^}]*))?\}", replace, text)


def environment(service: dict, variables: dict[str, str]) -> dict[str, str]:
    return {name: interpolated(str(value), variables) for name, value in service.get("environment", {}).items()}


def faults(text: str, root: Path) -> list[str]:
    said = _schema_faults(text)
    if said:
        return said
    document = load(text)
    services = document.get("services", {})
    for name, service in services.items():
        said += [f"{name}: {fault}" for fault in _service_faults(service, document)]
    for name, config in document.get("configs", {}).items():
        if "file" in config and not (root / config["file"]).is_file():
            said.append(f"config {name}: there is no {config['file']}")
    said += _ours(services)
    return said or _monitoring(document, root)


def _schema_faults(text: str) -> list[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(text)
        file.flush()
        program = Path(sys.executable).with_name("check-jsonschema")
        check = [program, "--builtin-schema", "vendor.compose-spec", file.name]
        done = subprocess.run(check, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"not by the compose specification: {done.stdout}{done.stderr}"]


def _service_faults(service: dict, document: dict) -> list[str]:
    said = []
    services = document["services"]
    for other, how in dict(service.get("depends_on", {})).items():
        if other not in services:
            said.append(f"there is no {other} to depend on")
        elif how["condition"] == "service_healthy" and "healthcheck" not in services[other]:
            said.append(f"{other} has no healthcheck to wait for")
    for config in service.get("configs", []):
        if config["source"] not in document.get("configs", {}):
            said.append(f"there is no config {config['source']}")
    for volume in service.get("volumes", []):
        name = volume.split(":")[0]
        if not name.startswith((".", "/")) and name not in document.get("volumes", {}):
            said.append(f"there is no volume {name}")
    if "build" not in service and not re.search(r":(?!latest)[^/]+$", service.get("image", "")):
        said.append("its image names no version")
    return said


def _ours(services: dict) -> list[str]:
    """The processes are told where the others are, and ask for the keys."""
    said = []
    for name in ("api", "worker"):
        service = services.get(name, {})
        for key in ("POSTHASTE_MASTER_KEY",) + (("POSTHASTE_ADMIN_KEY",) if name == "api" else ()):
            try:
                environment(service, {other: value for other, value in KEYS.items() if other != key})
                said.append(f"{name}: starts without {key}")
            except Unset:
                pass
        settings = environment(service, KEYS)
        if settings.get("POSTHASTE_LISTEN") != f"0.0.0.0:{PORT}":
            said.append(f"{name}: does not listen on port {PORT}")
        database = urlsplit(settings.get("POSTHASTE_DATABASE_URL", ""))
        queue = urlsplit(settings.get("POSTHASTE_REDIS_URL", ""))
        for url in (database, queue):
            if url.hostname not in services:
                said.append(f"{name}: there is no service {url.hostname}")
        asked = (database.username, database.password, database.path.strip("/"))
        made = environment(services.get("postgres", {}), KEYS)
        if asked != tuple(made.get(f"POSTGRES_{what}") for what in ("USER", "PASSWORD", "DB")):
            said.append(f"{name}: Postgres has no such user, password or database")
        if int(re.sub(r"\D", "", str(service.get("stop_grace_period", "10s")))) <= 25:
            said.append(f"{name}: is given less time than it may take to stop")
    return said


def _monitoring(document: dict, root: Path) -> list[str]:
    """Prometheus scrapes all of our processes, and whatever is in this profile stays out without it."""
    said = []
    services = document["services"]
    for name in ("prometheus", "grafana"):
        if services.get(name, {}).get("profiles") != ["monitoring"]:
            said.append(f"{name}: is not in the profile monitoring alone")
    if said:
        return said
    scrape = load((root / document["configs"]["prometheus"]["file"]).read_text())["scrape_configs"][0]
    found = scrape["dns_sd_configs"][0]
    if sorted(found["names"]) != ["api", "worker"] or found["port"] != PORT or found["type"] != "A":
        said.append(f"Prometheus does not look for api and worker on port {PORT}")
    if scrape.get("metrics_path", METRICS_PATH) != METRICS_PATH:
        said.append(f"Prometheus does not ask for {METRICS_PATH}")
    sources = load((root / document["configs"]["grafana-datasource"]["file"]).read_text())["datasources"]
    if [urlsplit(source["url"]).hostname for source in sources] != ["prometheus"]:
        said.append("Grafana does not ask Prometheus")
    return said
