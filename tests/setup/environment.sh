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
	if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
		say "installing Debian's python3-venv"
		[ "$(id -u)" = 0 ] || { say "python3-venv is missing: install it (apt-get install python3-venv) or run as root"; exit 1; }
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install python3-venv; } >&2 </dev/null
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
