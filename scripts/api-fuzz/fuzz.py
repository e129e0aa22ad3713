"""Fuzzes a server by its OpenAPI document: scripts/api-fuzz.sh tells how to call it."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from server import PATIENCE_S, Server, receiver

ROOT = Path(__file__).resolve().parents[2]
SCHEMATHESIS = ROOT / ".venv/bin/st"
# All checks but one: a url, a filter or a cron text can fit its schema and still be wrong.
EXCLUDED = "positive_data_acceptance"


def main() -> None:
    binary = Path(sys.argv[1]).resolve()
    examples = os.environ.get("EXAMPLES") or "50"
    seed = os.environ.get("SEED") or str(random.randrange(2**32))
    print(f"EXAMPLES={examples} SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as name, receiver() as receiver_url:
        folder = Path(name)
        server = Server(binary, folder, os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL"))
        try:
            failed = [what for what, options in runs(server, receiver_url, folder) if not fuzz(what, options, server, folder, examples, seed)]
            said = server.faults()
        finally:
            said_last = server.stop()
    said += said_last
    for fault in said:
        print(f"server: {fault}", file=sys.stderr)
    if failed or said:
        print(ADVICE.format(runs=", ".join(failed) or "none", examples=examples, seed=seed), file=sys.stderr)
        sys.exit(1)
    print("the API keeps its document")


ADVICE = """
Failed: {runs}. Each failure above names the check, shows the request as a line for curl, and what was answered.
Either the answer is wrong (mend the API, with a test in api/tests/api), or the document is (api/src/openapi;
`make openapi` writes the copy). The same requests again: EXAMPLES={examples} SEED={seed} make api-fuzz"""


def runs(server: Server, receiver_url: str, folder: Path):
    """Each caller, with its options."""
    names = ["tenant", "neighbour", "operators"]
    keys = {name: populate(server, receiver_url, name) for name in names}
    # The tenant itself; nothing of what it makes may be its neighbour's to see.
    identities = folder / "identities.json"
    bearer = lambda name: [{"name": "Authorization", "value": f"Bearer {keys[name]}"}]
    identities.write_text(json.dumps({"auth": [{"name": name, "fixedHeaders": bearer(name)} for name in names[:2]]}))
    config = folder / "tenant.toml"
    config.write_text(
        f'[auth.wfc]\npath = "{identities}"\nuser = "tenant"\npeers = ["tenant", "neighbour"]\n'
    )
    yield "a tenant's key", ["--config-file", str(config)]
    # The operator in a tenant's name; not where tenants are made and deleted, or it would soon be gone.
    operator = ["--header", f"Authorization: Bearer {server.operator_key}"]
    yield "the operator for a tenant", [*operator, "--header", "Posthaste-Tenant: operators", "--exclude-path-regex", "/tenants"]
    yield "the operator", operator


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


def fuzz(what: str, options: list[str], server: Server, folder: Path, examples: str, seed: str) -> bool:
    print(f"=== {what}", flush=True)
    config = []
    if options[0] == "--config-file":
        config, options = options[:2], options[2:]
    command = [SCHEMATHESIS, *config, "run", f"{server.url}/openapi.json", *options]
    command += ["--checks", "all", "--exclude-checks", EXCLUDED, "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--max-examples", examples, "--seed", seed, "--generation-database", "none", "--continue-on-failure"]
    command += ["--workers", "2", "--request-timeout", "30", "--warnings", "off"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL)
    return done.returncode == 0


main()
