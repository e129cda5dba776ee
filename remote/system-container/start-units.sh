#!/bin/sh
# Starts units; those that run are left alone.
set -eu
. ./lib/start-units.sh
start_units "$@"
