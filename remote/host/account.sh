#!/bin/sh
# Says who is logged in and whether root is to be had. Stderr of sudo goes to stdout, as the reason why it
# refused.
set -eu
echo kboot-account
if [ "$(id -u)" -eq 0 ]; then
  echo root
elif ! command -v sudo > /dev/null; then
  echo "sudo is not installed"
elif message=$(sudo -n true 2>&1); then
  echo sudo
else
  printf '%s\n' "$message"
fi
