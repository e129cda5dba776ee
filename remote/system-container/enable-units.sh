#!/bin/sh
# Enables and starts units.
set -eu
. ./lib/start-units.sh
systemctl --quiet enable "$@"
start_units "$@"
