#!/usr/bin/env bash
# Holds a running server against its own OpenAPI document: thousands of requests that keep it and that
# break it, by Schemathesis.
#   scripts/api-fuzz.sh BINARY
# EXAMPLES: requests made up per operation (50); SEED: the number that a failing run printed;
# DATABASE_URL and REDIS_URL: an empty Postgres database and a Redis database of ours alone, instead of
# SQLite and the queue in the process.
set -euo pipefail
cd "$(dirname "$0")/.."

exec .venv/bin/python -B scripts/api-fuzz/fuzz.py "$1"
