#!/usr/bin/env bash
# Runs a command with a Postgres and a Redis at hand, and says where they are in
# POSTHASTE_TEST_POSTGRES_URL and POSTHASTE_TEST_REDIS_URL.
#   scripts/services.sh COMMAND…
#
# For each of the two, the first of these that is there:
#   1. the address in the variable, when it is set already;
#   2. the server on this machine's usual port, when it lets us in (Postgres: user `postgres`, database
#      `test`, no password);
#   3. a private server on a free port, in a temporary folder, stopped and removed at the end.
# POSTHASTE_TEST_SERVICES=private skips the second.
#
# The servers' programs are installed in any case: tests that stop, kill or empty a server start their own.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
mode=${POSTHASTE_TEST_SERVICES:-shared}
folder=""
postgres_bin=""
redis_pid=""

main() {
    if [[ $# -eq 0 ]]; then
        echo "usage: scripts/services.sh COMMAND…" >&2
        exit 2
    fi
    trap stop EXIT
    # Without these a signal would end the shell before it stops what it started.
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    find_postgres || { "$scripts/apt.sh" postgresql; find_postgres; }
    command -v redis-server >/dev/null || "$scripts/apt.sh" redis-server
    provide_postgres
    provide_redis
    local status=0
    "$@" || status=$?
    exit "$status"
}

provide_postgres() {
    if [[ -n ${POSTHASTE_TEST_POSTGRES_URL:-} ]]; then
        say "Postgres: the one of POSTHASTE_TEST_POSTGRES_URL"
    elif [[ $mode != private ]] && postgres_lets_in 5432; then
        export POSTHASTE_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:5432/test
        say "Postgres: the one on port 5432"
    else
        start_postgres
    fi
}

provide_redis() {
    if [[ -n ${POSTHASTE_TEST_REDIS_URL:-} ]]; then
        say "Redis: the one of POSTHASTE_TEST_REDIS_URL"
    elif [[ $mode != private ]] && redis_answers 6379; then
        export POSTHASTE_TEST_REDIS_URL=redis://127.0.0.1:6379/
        say "Redis: the one on port 6379"
    else
        start_redis
    fi
}

postgres_lets_in() {
    command -v psql >/dev/null || return 1
    PGCONNECT_TIMEOUT=3 psql --no-psqlrc --no-password --quiet --host 127.0.0.1 --port "$1" \
        --username postgres --dbname test --command 'select 1' >/dev/null 2>&1
}

# Speaks to the socket itself: a machine may have the server without its command line.
redis_answers() {
    local answer=""
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'PING\r\n' >&3
    read -r -t 3 answer <&3 || true
    exec 3>&-
    [[ $answer == +PONG* ]]
}

start_postgres() {
    make_folder
    local port data="$folder/postgres"
    port=$(free_port)
    mkdir "$data"
    # Postgres refuses to run as root; the package brings a user for it.
    [[ $(id -u) -ne 0 ]] || chown postgres "$data"
    as_postgres "$postgres_bin/initdb" --pgdata "$data" --username postgres --auth trust \
        --encoding UTF8 --no-locale --no-sync >/dev/null
    # Tests end processes, never the machine, so nothing they check depends on fsync.
    as_postgres "$postgres_bin/pg_ctl" start --pgdata "$data" --wait --silent --log "$data/log" --options \
        "-p $port -k $data -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300" </dev/null \
        || { cat "$data/log" >&2; fail "the private Postgres did not start"; }
    as_postgres "$postgres_bin/createdb" --host 127.0.0.1 --port "$port" --username postgres test
    export POSTHASTE_TEST_POSTGRES_URL=postgres://postgres@127.0.0.1:$port/test
    say "Postgres: a private one on port $port"
}

start_redis() {
    make_folder
    local port
    port=$(free_port)
    mkdir "$folder/redis"
    redis-server --bind 127.0.0.1 --port "$port" --dir "$folder/redis" --save '' --appendonly no \
        >"$folder/redis/log" 2>&1 </dev/null &
    redis_pid=$!
    for _ in {1..100}; do
        redis_answers "$port" && break
        kill -0 "$redis_pid" 2>/dev/null || break
        sleep 0.1
    done
    redis_answers "$port" || { cat "$folder/redis/log" >&2; fail "the private Redis did not start"; }
    export POSTHASTE_TEST_REDIS_URL=redis://127.0.0.1:$port/
    say "Redis: a private one on port $port"
}

# Debian keeps the server's programs, one folder per version, out of the path.
find_postgres() {
    local found
    found=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)
    [[ -n $found ]] || found=$(command -v initdb || true)
    [[ -n $found ]] || return 1
    postgres_bin=$(dirname "$found")
}

as_postgres() {
    if [[ $(id -u) -eq 0 ]]; then
        # From the root folder, since the user may have no access to the current one.
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

make_folder() {
    [[ -z $folder ]] || return 0
    folder=$(mktemp -d)
    chmod 755 "$folder"
}

# Below the range that the kernel gives to outgoing connections, so that none of these takes it first.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((RANDOM % 10000 + 20000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "found no free port"
}

stop() {
    trap '' INT TERM HUP
    if [[ -n $redis_pid ]]; then
        kill "$redis_pid" 2>/dev/null || true
        wait "$redis_pid" 2>/dev/null || true
    fi
    if [[ -n $folder && -f $folder/postgres/postmaster.pid ]]; then
        as_postgres "$postgres_bin/pg_ctl" stop --pgdata "$folder/postgres" --mode fast --wait --silent || true
    fi
    [[ -z $folder ]] || rm -rf "$folder"
}

say() {
    echo "services: $*" >&2
}

fail() {
    echo "services: $*" >&2
    exit 1
}

main "$@"
