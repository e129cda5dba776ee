#!/bin/sh
# Runs once inside the freshly unpacked Debian system, while the image is built: takes out the files of every
# package that is neither in /packages nor a library, so that a lab machine has what kboot asks of a machine
# and nothing else. The package manager takes itself out last.
set -eu

kept=$(sed "/^#/d" /packages)

# The one program of a dropped package that sshd needs: it makes the host key at the first boot.
cp -p /usr/bin/ssh-keygen /ssh-keygen

dropped_files() {
  dpkg-query --show --showformat '${Package}\n' | while read -r package; do
    case "
$kept
" in *"
$package
"*) continue ;; esac
    case "$package" in
      lib*-bin | libpython* | libapt* | libperl*) ;;
      lib* | zlib1g) continue ;;
    esac
    dpkg-query --listfiles "$package"
  done
}

dropped_files | while read -r file; do
  if [ ! -d "$file" ]; then printf '%s\0' "$file"; fi
done > /dropped
xargs -0 rm -f -- < /dropped
mv /ssh-keygen /usr/bin/ssh-keygen

# Of procps and sysvinit-utils only ps and pidof: kboot does without the rest, and has to show it here.
rm -f /bin/kill /sbin/sysctl /sbin/fstab-decode
for program in free pgrep pidwait pkill pmap pwdx skill slabtop snice tload top uptime vmstat w watch; do
  rm -f "/usr/bin/$program"
done

# Scripts of kept packages whose interpreter is gone, leftovers, links to what is gone.
grep -l -m 1 '^#! */bin/bash\|^#! */usr/bin/perl\|^#! */usr/bin/python3' /usr/bin/* /usr/sbin/* | xargs rm -f --
rm -rf /var/lib/dpkg /var/lib/apt /var/lib/pam /var/lib/ucf /var/cache/* /var/log/* /var/backups /etc/apt \
  /etc/cron.* /etc/init.d /etc/rc?.d /etc/default /etc/dpkg /etc/perl /etc/skel /etc/logrotate.d \
  /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/i18n /usr/share/bash-completion \
  /usr/share/lintian /usr/share/perl5 /usr/share/debconf /usr/share/zoneinfo /usr/share/bug /usr/share/zsh \
  /usr/lib/*-linux-gnu/perl-base /usr/lib/python3* /usr/lib/apt /usr/lib/dpkg /usr/lib/mime /usr/lib/lsb /debootstrap /dropped /packages /prune.sh
find /bin/ /sbin/ /etc -xtype l -delete

# Every machine makes its own.
rm -f /etc/ssh/ssh_host_*
: > /etc/machine-id
# Kernel settings without a namespace would reach the machine that runs the lab.
rm -f /usr/lib/sysctl.d/*.conf /etc/sysctl.d/*.conf /etc/sysctl.conf
: > /etc/motd
sed -i 's|:/bin/bash$|:/bin/sh|' /etc/passwd
rm -f /root/.bashrc /root/.profile /etc/bash.bashrc

for unit in systemd-logind.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  proc-sys-fs-binfmt_misc.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount dev-hugepages.mount fstrim.timer getty.target console-getty.service; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
