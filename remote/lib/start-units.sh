#!/bin/sh
# Starts units; when that fails, the last lines of the journal of the unit become the error.
start_units() {
  for unit; do
    if ! systemctl start "$unit"; then
      journalctl -u "$unit" -n 10 --no-pager -o cat >&2 || true
      echo "$unit did not start" >&2
      exit 1
    fi
  done
}
