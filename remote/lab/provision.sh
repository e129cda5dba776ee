#!/bin/sh
# Lets the key of the lab (standard input) in: for root, and for the user of the lab $1, who is made when it
# is not root. $2 is `sudo` or `no-sudo`, $3 the login shell. Can be run again.
set -eu
user=$1 sudo=$2 shell=$3
key=$(cat)
let_in() {
  install -d -m 700 -o "$1" -g "$1" "$2/.ssh"
  printf '%s\n' "$key" > "$2/.ssh/authorized_keys"
  chmod 600 "$2/.ssh/authorized_keys"
  chown "$1:" "$2/.ssh/authorized_keys"
}
let_in root /root
if [ "$user" != root ]; then
  if ! getent passwd "$user" > /dev/null; then
    printf '%s:x:1000:1000::/home/%s:/bin/sh\n' "$user" "$user" >> /etc/passwd
    printf '%s:x:1000:\n' "$user" >> /etc/group
    printf '%s:*:20000:0:99999:7:::\n' "$user" >> /etc/shadow
    install -d -m 700 -o "$user" -g "$user" "/home/$user"
  fi
  let_in "$user" "/home/$user"
  if [ "$sudo" = sudo ]; then
    printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$user" > "/etc/sudoers.d/$user"
    chmod 440 "/etc/sudoers.d/$user"
  fi
fi
sed -i "s|^\($user:.*:\)[^:]*\$|\1$shell|" /etc/passwd
