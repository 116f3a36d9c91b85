#!/bin/sh
# Prepare the Dagster home, one container after the other, then become the given command.
set -eu
lr-pipeline init >/dev/null
exec "$@"
