"""Runs what the image and the compose file would run, on this machine: the same commands, the same
variables and no others, with the addresses of a Postgres and a Redis that are here."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import compose
import dockerfile

# For anything to start. Far beyond what is needed, so that only a defect ends it.
PATIENCE_S = 60
STOP_S = 30


def faults(document: dict, last: dockerfile.Stage, binary: Path, postgres_url: str) -> list[str]:
    said = _unknown_commands(document, last, binary)
    if said:
        return said
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(_database(postgres_url))
        try:
            queue = stack.enter_context(_redis(document["services"]["redis"], folder))
        except RuntimeError as fault:
            return [str(fault)]
        said += _postgres_health(document["services"]["postgres"], postgres_url)
        # As compose starts them: whichever is first, the other follows.
        for role in ("api", "worker"):
            addresses = {"POSTHASTE_DATABASE_URL": database, "POSTHASTE_REDIS_URL": queue}
            said += _run(role, document["services"][role], last, binary, addresses, folder)
    return said


def _unknown_commands(document: dict, last: dockerfile.Stage, binary: Path) -> list[str]:
    ours = [service["command"] for service in document["services"].values() if "build" in service]
    said = []
    for args in [dockerfile.command(last.last("CMD")), *ours]:
        # Its own help, which a command that is not known does not have.
        done = subprocess.run([binary, *args, "--help"], capture_output=True, text=True)
        if done.returncode != 0 or args[0] not in done.stdout:
            said.append(f"posthaste knows no {' '.join(args)}")
    return said


def _run(
    role: str, service: dict, last: dockerfile.Stage, binary: Path, addresses: dict[str, str], folder: Path
) -> list[str]:
    port = _free_port()
    settings = dockerfile.variables(last) | compose.environment(service, compose.KEYS) | addresses
    settings["POSTHASTE_LISTEN"] = f"127.0.0.1:{port}"
    log = folder / f"{role}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [binary, *service["command"]], cwd=folder, env=settings, stdin=subprocess.DEVNULL, stderr=file
        )
    try:
        check = [arg.replace(str(compose.PORT), str(port)) for arg in dockerfile.health_command(last)]
        until = time.monotonic() + PATIENCE_S
        while not _succeeds(check, {}):
            if process.poll() is not None or time.monotonic() > until:
                return [f"{role}: does not become healthy: {log.read_text()}"]
            time.sleep(0.05)
        said = [] if "\nposthaste_" in _scraped(port) else [f"{role}: tells Prometheus nothing"]
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            return [f"{role}: does not stop"]
        if code != 0:
            said.append(f"{role}: ends with {code}: {log.read_text()}")
        if _succeeds(check, {}):
            said.append(f"{role}: counts as healthy though it has ended")
        return said
    finally:
        process.kill()
        process.wait()


def _scraped(port: int) -> str:
    """What Prometheus gets; with another status than 200, or from nobody, it takes nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", compose.METRICS_PATH)
    except ConnectionRefusedError:
        return ""
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return text if answer.status == 200 else ""


def _postgres_health(service: dict, url: str) -> list[str]:
    """Its check, at the Postgres that is here; and at none, where it must not succeed."""
    here = urlsplit(url)
    at = {"PGHOST": str(here.hostname), "PGPORT": str(here.port or 5432)}
    check = _health(service)
    said = [] if _succeeds(check, at) else ["postgres: its healthcheck fails"]
    if _succeeds(check, at | {"PGPORT": str(_free_port())}):
        said.append("postgres: its healthcheck cannot fail")
    return said


@contextmanager
def _redis(service: dict, folder: Path):
    port = _free_port()
    here = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    process = subprocess.Popen([*service["command"], *here], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        program, *args = _health(service)
        check = [program, "-p", str(port), *args]
        until = time.monotonic() + PATIENCE_S
        while not _succeeds(check, {}):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("redis: does not become healthy")
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def _database(url: str):
    """One of our own on that server."""
    name = f"deployment_{uuid.uuid4().hex}"
    psql = ["psql", "--no-psqlrc", "--quiet", "--dbname", url, "--command"]
    subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True)
    try:
        yield url.rpartition("/")[0] + f"/{name}"
    finally:
        subprocess.run([*psql, f"DROP DATABASE {name} WITH (FORCE)"], check=True)


def _health(service: dict) -> list[str]:
    form, *test = service["healthcheck"]["test"]
    return ["sh", "-c", *test] if form == "CMD-SHELL" else test


def _succeeds(check: list[str], variables: dict[str, str]) -> bool:
    environment = {"PATH": os.environ["PATH"]} | variables
    done = subprocess.run(check, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10)
    return done.returncode == 0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
