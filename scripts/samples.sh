#!/usr/bin/env bash
# Runs the verification samples of docs/verify against the vectors in TypeScript and Python, beside the
# official Standard Webhooks libraries, and checks that the integration page shows them as they are. (The
# Rust sample runs with the Rust tests, as testkit/tests/verify_sample.rs.)
set -euo pipefail
cd "$(dirname "$0")/../docs/verify"

npm ci --no-audit --no-fund --loglevel=error
npx --no-install tsc
node built/run.js
../../.venv/bin/python -B run.py
node embedded.mjs
