#!/bin/sh
# Puts a machine behind the bastion: it answers its own network, but not the gateway $1, which is the address
# that the machine running the lab has there. Also after a reboot.
set -eu
cat > /etc/systemd/system/behind-bastion.service << UNIT
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
