#!/usr/bin/env bash
# Prints where Chromium is, which the dashboard's tests drive; CHROMIUM names one to take before any other.
# Installs Debian's package when there is none, with a font: without one a page has no text.
set -euo pipefail
cd "$(dirname "$0")/.."

find_chromium() {
    if [[ -n ${CHROMIUM:-} ]]; then
        echo "$CHROMIUM"
        return
    fi
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

find_chromium || { scripts/apt.sh chromium fonts-dejavu-core >&2; find_chromium; }
