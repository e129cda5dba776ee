#!/bin/sh
# Prints what is in the checkout root $1.
set -eu
. ./lib/list-deployments.sh
list_deployments "$1"
