# Functions that the scripts share: what a machine needs, installed by name where it is missing.
# shellcheck shell=bash

# Where cargo builds: outside of the checkout, so that a fresh clone builds fast and stays small.
use_target_dir() {
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/allhours/target}"
}

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

has() {
    command -v "$1" > /dev/null 2>&1
}

# Whether packages may be installed here: root, on Debian or one of its kin.
can_apt() {
    [ "$(id -u)" = 0 ] && has apt-get
}

# apt_install PACKAGE...: without questions; fetches the list of packages only where it must.
apt_install() {
    local options=(-y -q --no-install-recommends)
    say "installing $*"
    DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" > /dev/null 2>&1 && return
    apt-get update -q > /dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" > /dev/null
}

# need COMMAND PACKAGE...: makes sure that a command is there.
need() {
    local command=$1
    shift
    has "$command" && return
    can_apt || fail "\`$command\` is missing; as root: apt-get install $*"
    apt_install "$@"
}

need_rust() {
    has cargo || fail "cargo is missing; install Rust from https://rustup.rs"
    need cc build-essential
}

need_postgres() {
    "$(dirname "${BASH_SOURCE[0]}")/install-postgres"
}

need_node() {
    need node nodejs
    need npm npm
}

# Prints the name of a Chromium, having installed one where there was none.
need_chromium() {
    local name
    for name in chromium chromium-browser google-chrome; do
        has "$name" && echo "$name" && return
    done
    need chromium chromium
    echo chromium
}

# listens PROCESS PORT: whether this process, and no other, waits for connections there.
listens() {
    local inode port
    port=$(printf ':%04X' "$2")
    for inode in $(awk -v port="$port" '$4 == "0A" && $2 ~ port "$" { print $10 }' \
        /proc/net/tcp /proc/net/tcp6 2> /dev/null); do
        [ -z "$(find "/proc/$1/fd" -lname "socket:\[$inode\]" 2> /dev/null)" ] || return 0
    done
    return 1
}
