#!/bin/sh
# environment.sh [--path]: makes the Python environment of the tests and prints where it is.
#
# It lives outside the work tree (Salt walks every file under a file root) in a folder named after what goes into
# it, so a changed pyproject.toml gets an environment of its own and an unchanged one is used as it is.
# --path only prints the place, without making anything.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
cache=${CP_INGRESS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cp-ingress}
python=${PYTHON:-python3}

say() { printf 'environment: %s\n' "$*" >&2; }

# What decides the environment: the interpreter, pyproject.toml up to the tools' settings, and the pinned versions.
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || {
	say "Python 3.11 to 3.13 is needed; '$python' is $("$python" --version 2>&1 || true). Name another one with PYTHON=..."
	exit 1
}
digest=$({ "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; sed '/^\[tool\./,$d' "$project/pyproject.toml"; cat "$here/constraints.txt"; } |
	sha256sum | cut -c1-16)
venv=$cache/venv-$digest

if [ "${1:-}" = --path ]; then
	printf '%s\n' "$venv"
	exit 0
fi
mkdir -p "$cache"
exec 9>"$cache/environment.lock"
flock 9
if [ ! -e "$venv/complete" ]; then
	# One of Salt's dependencies comes as source: its extension is compiled here. Salt asks `ip` for addresses.
	missing=
	"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
	command -v cc >/dev/null || missing="$missing gcc libc6-dev"
	command -v ip >/dev/null || missing="$missing iproute2"
	"$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
		missing="$missing python3-dev"
	if [ -n "$missing" ]; then
		[ "$(id -u)" = 0 ] || { say "missing Debian packages:$missing. Install them with apt-get, or run this as root"; exit 1; }
		say "installing Debian packages:$missing"
		# shellcheck disable=SC2086  # a list of words
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install $missing; } >&2 </dev/null
	fi
	say "making the Python environment in $venv (about a minute)"
	rm -rf "$venv"
	"$python" -m venv "$venv"
	"$python" "$here/dependencies.py" test lint >"$venv/requirements.txt"
	"$venv/bin/pip" install --quiet --disable-pip-version-check \
		--constraint "$here/constraints.txt" --requirement "$venv/requirements.txt" >&2
	touch "$venv/complete"
	say "done"
fi
printf '%s\n' "$venv"
