"""Checks the Dockerfile and docker-compose.yml as far as that goes without an engine.

    scripts/services.sh .venv/bin/python scripts/deployment/check.py BINARY
"""

import os
import sys
from pathlib import Path

import compose
import dockerfile
import processes

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    binary = Path(sys.argv[1]).resolve()
    image, ignore = ((ROOT / name).read_text() for name in ("Dockerfile", ".dockerignore"))
    services = (ROOT / "docker-compose.yml").read_text()
    said = [f"Dockerfile: {fault}" for fault in dockerfile.faults(image, ignore, ROOT)]
    said += [f"docker-compose.yml: {fault}" for fault in compose.faults(services, ROOT)]
    if not said:
        last, postgres = dockerfile.stages(image)[-1], os.environ["POSTHASTE_TEST_POSTGRES_URL"]
        said += processes.faults(compose.load(services), last, binary, postgres)
    for fault in said:
        print(fault, file=sys.stderr)
    if said:
        sys.exit(1)
    print("Dockerfile and docker-compose.yml: as they should be; api and worker became healthy and stopped")


main()
