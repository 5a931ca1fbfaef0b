#!/bin/sh
# browser.sh ARGUMENT...: the browser, on the sandbox's client instead of this machine.
#
# Environment: SANDBOX_NETNS (the client's network namespace), SANDBOX_HOSTS (its hosts file).
# The driver takes this program for the browser and talks to it through inherited pipes, so every step is an exec.
set -e
view=$(dirname "$0")/client-view.sh
exec nsenter "--net=$SANDBOX_NETNS" -- unshare --mount "$view" "$SANDBOX_HOSTS" chromium "$@"
