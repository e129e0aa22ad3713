#!/usr/bin/env bash
# Installs Debian packages when this runs as root on a system that has apt-get; otherwise says what to
# install and stops. It never raises its own rights.
#   scripts/apt.sh PACKAGE…
set -euo pipefail

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Missing on this machine: $*" >&2
    echo "Install it (on Debian and its kin, as root: apt-get install $*) and run this again." >&2
    exit 1
fi

echo "installing Debian packages: $*" >&2
export DEBIAN_FRONTEND=noninteractive
# A machine that is fresh has no package lists yet, and one that is not may have stale ones.
apt-get update -qq >/dev/null
apt-get install -y -qq --no-install-recommends "$@" >/dev/null
