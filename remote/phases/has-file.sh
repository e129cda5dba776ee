#!/bin/sh
# Prints `yes` where $1 exists.
set -eu
if [ -e "$1" ]; then echo yes; fi
