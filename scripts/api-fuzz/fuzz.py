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

from server import PATIENCE_S, Server, receiver

ROOT = Path(__file__).resolve().parents[2]
SCHEMATHESIS = ROOT / ".venv/bin/st"
# All checks but one: a url, a filter or a cron text can fit its schema and still be wrong.
EXCLUDED = "positive_data_acceptance"
TENANTS = ["tenant", "neighbour", "operators"]
ADVICE = """
Failed: {runs}. Each failure above names the check, shows the request as a line for curl, and what was answered.
Either the answer is wrong (mend the API, with a test in api/tests/api), or the document is (api/src/openapi;
`make openapi` writes the copy). The same requests again: EXAMPLES={examples} SEED={seed} make api-fuzz"""


@dataclass(frozen=True)
class Caller:
    """Whose requests they are, with which settings and options."""

    what: str
    settings: str = ""
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
            failed = [caller.what for caller in callers if not fuzz(caller, options, server, receiver_url, folder)]
            faults += server.faults()
            if not failed:
                # Otherwise it may be the failure that kept an operation from its success.
                faults += [f"no request succeeded: {route}" for route in server.routes_without_success()]
        finally:
            faults += server.stop()
    for fault in faults:
        print(f"server: {fault}", file=sys.stderr)
    if failed or faults:
        print(ADVICE.format(runs=", ".join(failed) or "the server", examples=examples, seed=seed), file=sys.stderr)
        sys.exit(1)
    print("the API keeps its document")


def callers_of(server: Server, receiver_url: str, folder: Path) -> list[Caller]:
    keys = {name: populate(server, receiver_url, name) for name in TENANTS}
    identities = folder / "identities.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {keys[name]}"}]}
        for name in TENANTS[:2]
    ]
    identities.write_text(json.dumps({"auth": entries}))
    # What is the tenant's must not be its neighbour's to see.
    neighbours = f'[auth.wfc]\npath = "{identities}"\nuser = "tenant"\npeers = ["tenant", "neighbour"]\n'
    operator = ("--header", f"Authorization: Bearer {server.operator_key}")
    # Not where tenants are made and deleted, or the one in whose name it acts would soon be gone.
    acting = (*operator, "--header", "Posthaste-Tenant: operators", "--exclude-path-regex", "/tenants")
    return [
        Caller("a tenant's key", settings=neighbours),
        Caller("the operator for a tenant", options=acting),
        Caller("the operator", options=operator),
    ]


def populate(server: Server, receiver_url: str, name: str) -> str:
    """Makes a tenant with something of everything, and gives its key."""
    operator = server.operator_key
    tenant = server.call("POST", "/tenants", operator, {"name": name, "external_id": name})
    key = server.call("POST", f"/tenants/{tenant['id']}/keys", operator, {"name": name, "scopes": ["*"]})["secret"]
    for status in (204, 500):
        retry = {"schedule_s": [0.1], "jitter": 0}
        server.call("POST", "/subscriptions", key, {"url": f"{receiver_url}/{status}", "retry": retry})
    server.call("POST", "/events", key, {"type": "content.published", "data": {"n": 1}})
    until = time.monotonic() + PATIENCE_S
    while not server.call("GET", "/dead-letters", key)["data"]:
        if time.monotonic() > until:
            raise SystemExit("no delivery became a dead letter")
        time.sleep(0.05)
    return key


def fuzz(caller: Caller, options: list[str], server: Server, receiver_url: str, folder: Path) -> bool:
    print(f"=== {caller.what}", flush=True)
    config = folder / "schemathesis.toml"
    config.write_text(f'hooks = "{ROOT}/scripts/api-fuzz/hooks.py"\n{caller.settings}')
    command = [SCHEMATHESIS, "--config-file", config, "run", f"{server.url}/openapi.json", *options, *caller.options]
    command += ["--checks", "all", "--exclude-checks", EXCLUDED, "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--continue-on-failure", "--generation-database", "none", "--request-timeout", "30", "--warnings", "off"]
    variables = os.environ | {"FUZZ_RECEIVER": receiver_url, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL).returncode == 0


main()
