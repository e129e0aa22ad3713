#!/usr/bin/env bash
# Checks the Dockerfile and docker-compose.yml as far as that goes without an engine, and before that
# whether these checks notice what is broken. Wants the services that scripts/services.sh provides.
#   scripts/deployment.sh BINARY
set -euo pipefail

POSTHASTE_BINARY=$(realpath "$1")
export POSTHASTE_BINARY
cd "$(dirname "$0")/deployment"
../../.venv/bin/python -B test_checks.py
../../.venv/bin/python -B check.py "$POSTHASTE_BINARY"
