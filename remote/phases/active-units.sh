#!/bin/sh
# Prints the state of each unit.
set -eu
systemctl is-active "$@" || true
