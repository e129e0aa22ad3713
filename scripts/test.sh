#!/usr/bin/env bash
# All tests of the Rust code: unit tests, suites and stories, then the examples in its documentation.
# Wants the services that scripts/services.sh provides.
set -euo pipefail
cd "$(dirname "$0")/.."

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace
    # nextest does not run examples in documentation; asking for them where there are none costs a minute.
    if grep -rqE --include='*.rs' --exclude-dir=target --exclude-dir=node_modules '^\s*//[/!] ```(rust)?$' .; then
        cargo test --workspace --doc
    fi
else
    cargo test --workspace --no-fail-fast
fi
