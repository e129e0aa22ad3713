"""Fuzzes a server by its OpenAPI document: scripts/api-fuzz.sh tells how to call it."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from server import BASE, PATIENCE_S, Server, receiver

ROOT = Path(__file__).resolve().parents[2]
SCHEMATHESIS = ROOT / ".venv/bin/st"
# All checks but one: a url, a filter or a cron text can fit its schema and still be wrong.
EXCLUDED = "positive_data_acceptance"
# The operator key is the run's own, set as a variable: rotated, it would be gone after two requests. Nobody makes up a key
# to sign in with, or the cookie of who has.
REFUSED_HERE = {f"POST {BASE}/operator-key/rotate", f"POST {BASE}/session", f"DELETE {BASE}/session"}
# What the hooks leave out.
LEFT_OUT = {f"GET {BASE}/stream", f"DELETE {BASE}/bin/{{id}}"}
ADVICE = """
Failed: {runs}. Each failure above names the check, shows the request as a line for curl, and what was answered.
Either the answer is wrong (mend the API, with a test in api/tests/api), or the document is (api/src/openapi;
`make openapi` writes the copy). The same requests again: EXAMPLES={examples} SEED={seed} make api-fuzz"""


@dataclass(frozen=True)
class Tenant:
    """One that has something of everything, and a key of its own."""

    id: str
    secret: str
    event_ids: list[str]
    held_ids: list[str]
    key_ids: list[str]
    link_ids: list[str]


@dataclass(frozen=True)
class Caller:
    """Whose requests they are, which tenant they name, and with which settings and options they are made up."""

    what: str
    tenant: Tenant
    has_key: bool
    settings: str
    options: tuple[str, ...] = ()


def main() -> None:
    binary = Path(sys.argv[1]).resolve()
    examples = os.environ.get("EXAMPLES") or "50"
    seed = os.environ.get("SEED") or str(random.randrange(2**32))
    print(f"EXAMPLES={examples} SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as name, receiver() as receiver_url:
        folder = Path(name)
        server = Server(binary, folder, os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL"))
        faults = []
        try:
            options = ["--max-examples", examples, "--seed", seed]
            callers = callers_of(server, receiver_url, folder)
            variables = {"FUZZ_RECEIVER": receiver_url, "FUZZ_KEPT": ",".join(caller.tenant.id for caller in callers)}
            failed = [caller.what for caller in callers if not fuzz(caller, options, server, variables, folder)]
            faults += server.faults()
            if not failed:
                # Otherwise it may be the failure that kept an operation from its success.
                routes = server.routes_without_success() - REFUSED_HERE - LEFT_OUT
                faults += [f"no request succeeded: {route}" for route in sorted(routes)]
        finally:
            faults += server.stop()
    for fault in faults:
        print(f"server: {fault}", file=sys.stderr)
    if failed or faults:
        print(ADVICE.format(runs=", ".join(failed) or "the server", examples=examples, seed=seed), file=sys.stderr)
        sys.exit(1)
    print("the API keeps its document")


def callers_of(server: Server, receiver_url: str, folder: Path) -> list[Caller]:
    tenants = {name: populate(server, receiver_url, name) for name in ("tenant", "neighbour", "operators")}
    identities = folder / "identities.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {tenants[name].secret}"}]}
        for name in ("tenant", "neighbour")
    ]
    identities.write_text(json.dumps({"auth": entries}))
    # What is the tenant's must not be its neighbour's to see. Stories do not lead where it is refused anyway.
    neighbours = f"""
[auth.wfc]
path = "{identities}"
user = "tenant"
peers = ["tenant", "neighbour"]
[[operations]]
include-path-regex = "/tenants"
phases.stateful.enabled = false
"""
    operator = ("--header", f"Authorization: Bearer {server.operator_key}")
    # Not where tenants are made and deleted, or the one in whose name it acts would soon be gone.
    acting = (*operator, "--header", "Posthaste-Tenant: operators", "--exclude-path-regex", "/tenants")
    return [
        Caller("a tenant's key", tenants["tenant"], True, neighbours),
        Caller("the operator for a tenant", tenants["operators"], False, "", acting),
        Caller("the operator", tenants["neighbour"], False, "", operator),
    ]


def known(tenant: Tenant) -> str:
    """Settings by which many requests name what is there: a made-up name never does."""
    return f"""
[dictionaries]
tenants.values = ["{tenant.id}"]
events.values = {json.dumps(tenant.event_ids)}
held.values = {json.dumps(tenant.held_ids)}
keys.values = {json.dumps(tenant.key_ids)}
links.values = {json.dumps(tenant.link_ids)}
[[operations]]
include-path = "{BASE}/events/{{id}}"
[operations.parameters]
"path.id" = {{ dictionary = "events", probability = 0.5 }}
[[operations]]
include-path = "{BASE}/deliveries/{{id}}/cancel"
[operations.parameters]
"path.id" = {{ dictionary = "held", probability = 0.5 }}
[[operations]]
include-path = "{BASE}/tenants/{{id}}/keys/{{key}}"
[operations.parameters]
"path.id" = {{ dictionary = "tenants", probability = 0.8 }}
"path.key" = {{ dictionary = "keys", probability = 0.8 }}
[[operations]]
include-path = "{BASE}/tenants/{{id}}/portal-links/{{link}}"
[operations.parameters]
"path.id" = {{ dictionary = "tenants", probability = 0.8 }}
"path.link" = {{ dictionary = "links", probability = 0.8 }}
"""


def populate(server: Server, receiver_url: str, name: str) -> Tenant:
    operator = server.operator_key
    tenant = server.call("POST", "/tenants", operator, {"name": name, "external_id": name})
    keys = f"/tenants/{tenant['id']}/keys"
    key, *others = [server.call("POST", keys, operator, {"name": name, "scopes": ["*"]}) for _ in range(20)]
    links = [
        server.call("POST", f"/tenants/{tenant['id']}/portal-links", operator, {"permissions": "read"})["id"]
        for _ in range(20)
    ]
    key = key["secret"]
    for status in (204, 500):
        retry = {"schedule_s": [0.1], "jitter": 0}
        server.call("POST", "/subscriptions", key, {"url": f"{receiver_url}/{status}", "retry": retry})
    event = {"type": "content.published", "data": {"n": 1}}
    events = [server.call("POST", "/events", key, event)["id"] for _ in range(5)]
    held = server.call("POST", "/subscriptions", key, {"url": f"{receiver_url}/204", "status": "paused"})["id"]
    for _ in range(20):
        server.call("POST", "/events", key, event)
    held_ids = [row["id"] for row in server.call("GET", f"/deliveries?subscription_id={held}", key)["data"]]
    until = time.monotonic() + PATIENCE_S
    while not server.call("GET", "/dead-letters", key)["data"]:
        if time.monotonic() > until:
            raise SystemExit("no delivery became a dead letter")
        time.sleep(0.05)
    return Tenant(tenant["id"], key, events, held_ids, [key["id"] for key in others], links)


def fuzz(caller: Caller, options: list[str], server: Server, variables: dict[str, str], folder: Path) -> bool:
    print(f"=== {caller.what}", flush=True)
    config = folder / "schemathesis.toml"
    # Stories are of valid requests: a broken one ends them, and the other phases send those.
    settings = f'hooks = "{ROOT}/scripts/api-fuzz/hooks.py"\n[phases.stateful]\ngeneration.mode = "positive"\n'
    config.write_text(settings + caller.settings + known(caller.tenant))
    command = [SCHEMATHESIS, "--config-file", config, "run", f"{server.url}/openapi.json", *options, *caller.options]
    command += ["--checks", "all", "--exclude-checks", EXCLUDED, "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--continue-on-failure", "--generation-database", "none", "--request-timeout", "30"]
    command += ["--warnings", "off"]
    variables |= {"FUZZ_TENANT": caller.tenant.id, "FUZZ_HAS_KEY": str(caller.has_key)}
    environment = os.environ | variables | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL).returncode == 0


main()
