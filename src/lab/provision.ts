import type { LabOptions } from './state.ts';

/**
 * A script for a machine's /bin/sh that lets the lab's key (standard input) in: for root, and for the lab's user,
 * who is made when it is not root. Arguments: user, `sudo` or `no-sudo`, login shell. Can be run again.
 */
export const PROVISION_SCRIPT = `set -eu
user=$1 sudo=$2 shell=$3
key=$(cat)
let_in() {
  install -d -m 700 -o "$1" -g "$1" "$2/.ssh"
  printf '%s\\n' "$key" > "$2/.ssh/authorized_keys"
  chmod 600 "$2/.ssh/authorized_keys"
  chown "$1:" "$2/.ssh/authorized_keys"
}
let_in root /root
if [ "$user" != root ]; then
  if ! getent passwd "$user" > /dev/null; then
    printf '%s:x:1000:1000::/home/%s:/bin/sh\\n' "$user" "$user" >> /etc/passwd
    printf '%s:x:1000:\\n' "$user" >> /etc/group
    printf '%s:*:20000:0:99999:7:::\\n' "$user" >> /etc/shadow
    install -d -m 700 -o "$user" -g "$user" "/home/$user"
  fi
  let_in "$user" "/home/$user"
  if [ "$sudo" = sudo ]; then
    printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\\n' "$user" > "/etc/sudoers.d/$user"
    chmod 440 "/etc/sudoers.d/$user"
  fi
fi
sed -i "s|^\\($user:.*:\\)[^:]*\\$|\\1$shell|" /etc/passwd
`;

/** The arguments of PROVISION_SCRIPT. */
export function provisionArguments({ user, sudo, shell, virtual }: LabOptions): readonly string[] {
  const usual = virtual === undefined ? '/bin/sh' : '/bin/bash';
  return [user, sudo ? 'sudo' : 'no-sudo', shell === 'fish' ? '/usr/bin/fish' : usual];
}

/**
 * A script that puts a machine behind the bastion: it answers its own network, but not the gateway, which is the
 * address that the machine running the lab has there. Argument: the gateway. Also after a reboot.
 */
export const BEHIND_BASTION_SCRIPT = `set -eu
cat > /etc/systemd/system/behind-bastion.service <<UNIT
[Unit]
Description=Answer the bastion, not the machine that runs the lab
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/sbin/ip route replace blackhole $1
RemainAfterExit=yes

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl --quiet enable --now behind-bastion.service
`;
