#!/bin/sh
# What must be on the machine before `make setup`: Python 3.11, Java 17, Maven, Prometheus with promtool. What need not be: Chromium,
# without which one test skips, the one that opens a backtest's report.
#
#   sh deploy/prerequisites.sh [PYTHON]            names what is missing with the command that installs it; as root on Debian
#                                                  runs that command; fails when something is still missing
#   sh deploy/prerequisites.sh --python [PYTHON]   prints a Python of 3.11 or newer
set -eu

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in "$@" python3.11 python3.12 python3.13 python3.14 python3; do
        if [ -n "$candidate" ] && is_new_enough "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

if [ "${1:-}" = "--python" ]; then
    shift
    find_python "$@"
    exit
fi

# The major version of `java`, 0 when there is none.
java_version() {
    java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1 | grep . || echo 0
}

# Prints "what is missing<TAB>Debian packages" a line.
missing() {
    if python=$(find_python "$@"); then
        "$python" -c 'import ensurepip, venv' 2>/dev/null || printf 'the venv module of %s\tpython3-venv\n' "$python"
    else
        printf 'Python 3.11 or newer\tpython3 python3-venv\n'
    fi
    command -v java >/dev/null && [ "$(java_version)" -ge 17 ] || printf 'Java 17 or newer\tdefault-jre-headless\n'
    command -v mvn >/dev/null || printf 'Maven\tmaven\n'
    command -v prometheus >/dev/null && command -v promtool >/dev/null || printf 'Prometheus and promtool\tprometheus\n'
}

# The browser is looked for when all else is there; that it cannot be had is no reason to stop.
look_for_browser() {
    command -v chromium >/dev/null && command -v chromedriver >/dev/null && return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "installing: apt-get install chromium chromium-driver" >&2
        apt-get update -qq >&2 || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >&2 && return 0
    fi
    echo "no Chromium: the report is not tested in a browser; for that, sudo apt-get install chromium chromium-driver" >&2
}

lacking=$(missing "$@")
if [ -z "$lacking" ]; then
    look_for_browser
    exit 0
fi

packages=$(printf '%s\n' "$lacking" | cut -f 2 | tr '\n' ' ')
echo "missing on this machine:" >&2
printf '%s\n' "$lacking" | cut -f 1 | sed 's/^/  /' >&2

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing: apt-get install $packages" >&2
    # Debian starts the services of what it installs; a Prometheus on every address of the machine is not what was asked for.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ] && [ -w "${policy%/*}" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    apt-get update -qq >&2
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
    lacking=$(missing "$@")
    if [ -z "$lacking" ]; then
        look_for_browser
        exit 0
    fi
    echo "still missing:" >&2
    printf '%s\n' "$lacking" | cut -f 1 | sed 's/^/  /' >&2
    exit 1
fi

echo "install it with:  sudo apt-get install $packages" >&2
echo "then run make again" >&2
exit 1
