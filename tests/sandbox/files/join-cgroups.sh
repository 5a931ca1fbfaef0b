#!/bin/sh
# join-cgroups.sh PROCS_FILE... -- COMMAND...: enters the cgroups, then becomes the command.
set -e
while [ "$1" != -- ]; do
    echo 0 > "$1"
    shift
done
shift
exec "$@"
