#!/bin/sh
# Makes a deployment the active one. $switching holds all that is needed to go there (`forward`) and back
# again (`backward`), and `begun` from the first change on: so that what a killed switch left is put right by
# whatever comes next. Needs system-container.sh.
# shellcheck disable=SC2154 # the script that includes this sets them
# shellcheck disable=SC2013,SC2086 # lists of units and of their paths are words

# Milliseconds of a clock that no time server sets.
uptime_ms() {
  read -r up _ < /proc/uptime
  echo "${up%.*}${up#*.}0"
}

# Puts new content beside its place, makes directories, and writes into $1/commit what is left to do. Nothing that
# is in use is touched. The content is on the disk at the end: a power cut must not leave an empty file under a name
# that was renamed to it.
stage() {
  : > "$1/commit"
  while IFS=$tab read -r kind mode source allowed sum path; do
    now=$(checksum_of "$path")
    new=${path%/*}/.kboot-new.${path##*/}
    case $kind in
      remove)
        if [ "$now" = "$sum" ]; then
          printf 'remove\t%s\n' "$path" >> "$1/commit"
        elif [ "$now" != - ]; then printf 'modified\t%s\n' "$path" >> "$switching/said"; fi
        ;;
      directory)
        if [ "$now" = - ]; then
          printf '%s\n' "$path" >> "$switching/made"
          mkdir -m "$mode" "$path"
        fi
        ;;
      *)
        if [ "$now" = "$sum" ]; then continue; fi
        how=new
        if [ "$now" != - ]; then
          how=replace
          if [ "$now" != "$allowed" ]; then
            if [ "$allowed" != - ]; then printf 'modified\t%s\n' "$path" >> "$switching/said"; fi
            printf 'existing\t%s\n' "$path" >> "$switching/said"
            continue
          fi
        fi
        rm -f "$new"
        if [ "$kind" = link ]; then
          ln -sT -- "$source" "$new"
        else
          cp -- "$source" "$new"
          chmod "$mode" "$new"
          sync "$new"
        fi
        printf '%s\t%s\n' "$how" "$path" >> "$1/commit"
        ;;
    esac
  done < "$1/files"
}

# Takes away what stage put beside places that were not reached, and the directories that nothing was put into.
unstage() {
  if [ ! -f "$switching/begun" ] && [ -f "$switching/made" ]; then
    sort -r "$switching/made" | while IFS= read -r path; do rmdir "$path" 2> /dev/null || true; done
  fi
  for list in "$switching"/*/files; do
    if [ ! -f "$list" ]; then continue; fi
    while IFS=$tab read -r kind mode source allowed sum path; do
      rm -f "${path%/*}/.kboot-new.${path##*/}"
    done < "$list"
  done
  for file in "$unit" "$tmpfiles"; do rm -f "${file%/*}/.kboot-new.${file##*/}"; done
}

commit() {
  while IFS=$tab read -r how path; do
    new=${path%/*}/.kboot-new.${path##*/}
    case $how in
      remove)
        if [ -L "$path" ] || [ ! -d "$path" ]; then
          rm -f "$path"
        elif ! rmdir "$path" 2> /dev/null; then
          printf '%s\n' "$path" >> "$root/.created-directories"
        fi
        ;;
      new)
        ln -P -T -- "$new" "$path"
        rm -f "$new"
        ;;
      replace) mv -T -- "$new" "$path" ;;
    esac
  done < "$1/commit"
  cut -f 2 "$1/commit" | sed 's|/[^/]*$||; s|^$|/|' | sort -u |
    while IFS= read -r folder; do if [ -d "$folder" ]; then sync "$folder"; fi; done
}

# $1 the copy in a deployment, $2 its place.
install_copy() {
  if [ ! -f "$1" ]; then return 0; fi
  new=${2%/*}/.kboot-new.${2##*/}
  rm -f "$new"
  cp -- "$1" "$new"
  chmod 644 "$new"
  sync "$new"
  mv -T -- "$new" "$2"
}

# Takes away what only the deployment that is left, $1, has beside its host files. $2 is the one that comes.
clear_engine_files() {
  if [ -f "$1/tmpfiles-$name.conf" ]; then
    systemd-tmpfiles --remove "$tmpfiles" || true
    if [ ! -f "$2/tmpfiles-$name.conf" ]; then rm -f "$tmpfiles"; fi
  fi
  if [ -f "$1/$name.service" ] && [ ! -f "$2/$name.service" ]; then rm -f "$unit"; fi
}

# $1 forward or backward: where its lists are; $2 the deployment's slot, $3 that of the one which is left.
turn() {
  deployment=$root/$name.$2
  if [ -n "$3" ]; then clear_engine_files "$root/$name.$3" "$deployment"; fi
  commit "$1"
  install_copy "$deployment/$name.service" "$unit"
  install_copy "$deployment/tmpfiles-$name.conf" "$tmpfiles"
  rm -f "$root/.link-$name"
  ln -sT "$deployment" "$root/.link-$name"
  mv -T "$root/.link-$name" "$root/$name"
  systemctl daemon-reload
  if [ -f "$deployment/tmpfiles-$name.conf" ]; then systemd-tmpfiles --create "$tmpfiles"; fi
  enable=$(cat "$1/enable")
  if [ -n "$enable" ]; then systemctl --quiet enable $enable; fi
}

# Whether the container's own service has to run in the deployment of this slot: it has one, and the one before ran.
serves() { [ -f "$switching/running" ] && [ -f "$root/$name.$1/$name.service" ]; }

# Starts what ran before, and the units that are new. $1 and $2 as above.
start() {
  if serves "$2"; then systemctl start "$name.service"; fi
  for file in $(cat "$1/start"); do systemctl start "${file##*/}"; done
  for file in $(cat "$1/restart"); do
    if grep -q -x -F "${file##*/}" "$switching/units-running"; then systemctl restart "${file##*/}"; fi
  done
}

restarts() { systemctl show --property=NRestarts --value "$@" | awk '{ sum += $1 } END { print sum + 0 }'; }

# Waits until what was started is up: active, and either its health check passes or it stays up for a while. $1
# and $2 as above. Says why not; the status is 2 when it ended by itself, which is no failure to systemd.
healthy() {
  units=$(cat "$switching/units-running")
  if serves "$2"; then units="$units $name.service"; fi
  for file in $(cat "$1/start"); do units="$units ${file##*/}"; done
  units=$(for word in $units; do echo "$word"; done)
  if [ -z "$units" ]; then return 0; fi
  limit=$(cat "$1/timeout") calm=$(cat "$1/calm") answer='' since='' base=$(restarts $units)
  # One question that hangs must not take the whole time, and a slow machine must have time to answer.
  patience=10
  end=$(($(uptime_ms) + limit * 1000))
  while :; do
    states=$(systemctl show --property=ActiveState --value $units | sort -u | grep .)
    again=$(($(restarts $units) - base))
    case $states in
      *failed*)
        why="it failed"
        return 1
        ;;
      *inactive*)
        why="it ended by itself"
        return 2
        ;;
      active)
        if [ -s "$1/health" ]; then
          asked=$(uptime_ms)
          if answer=$(xargs -0 timeout $patience < "$1/health" 2>&1); then return 0; fi
          if [ $(($(uptime_ms) - asked)) -ge $((patience * 1000)) ]; then patience=$((patience * 2)); fi
        elif [ "$again" != "${calm_at-}" ] || [ -z "$since" ]; then
          since=$(uptime_ms) calm_at=$again
        elif [ $((($(uptime_ms) - since) * 1000000)) -ge "$calm" ]; then return 0; fi
        ;;
      *) since= ;;
    esac
    if [ "$again" -ge 4 ]; then
      why="it was started again and again"
      return 1
    fi
    if [ "$(uptime_ms)" -ge "$end" ]; then
      why="it is not healthy after $limit s (${states})${answer:+: $(printf '%s' "$answer" | tail -n 1)}"
      return 1
    fi
    sleep 0.1
  done
}

# One direction, from stop to health. $1, $2 and $3 as turn has them. In a shell of its own: its first error ends it.
go() {
  (
    set -e
    if [ -f "$switching/running" ]; then systemctl stop "$name.service"; fi
    for file in $(cat "$1/stop"); do systemctl --quiet disable --now "${file##*/}" || true; done
    turn "$1" "$2" "$3"
    start "$1" "$2"
    why=
    if ! healthy "$1" "$2"; then
      echo "$name: $why" >&2
      exit 1
    fi
  )
}

# What the journal last said of the units.
last_lines() {
  set -- -u "$name.service"
  for file in $(cat "$switching/forward/start") $(cat "$switching/forward/restart"); do set -- "$@" -u "${file##*/}"; done
  journalctl "$@" --since "@$(cat "$switching/begun")" -n 10 --no-pager -o cat 2> /dev/null |
    sed 's/^/journal\t/' >> "$switching/said" || true
}

# Goes on where a switch was cut off: back to the deployment that was active before.
recover() {
  if [ ! -d "$switching" ]; then return 0; fi
  unstage
  back=$(cat "$switching/active" 2> /dev/null || true)
  if [ -f "$switching/begun" ] && [ -n "$back" ]; then
    : > "$switching/said"
    stage "$switching/backward"
    go "$switching/backward" "$back" "$(cat "$switching/slot")"
  fi
  rm -rf "$switching"
}

switch() {
  # From here on nobody's hanging up stops it half-way.
  trap '' HUP INT TERM PIPE
  mv -T "$staging/switch" "$switching"
  printf '%s\n' "$active" > "$switching/active"
  printf '%s\n' "$slot" > "$switching/slot"
  : > "$switching/said"
  : > "$switching/units-running"
  if [ -n "$active" ] && [ -f "$root/$name.$active/$name.service" ]; then
    case $(systemctl show --property=ActiveState --value "$name.service") in
      active | activating | reloading) : > "$switching/running" ;;
    esac
  fi
  for file in $(cat "$switching/forward/restart"); do
    if systemctl --quiet is-active "${file##*/}"; then echo "${file##*/}" >> "$switching/units-running"; fi
  done
  set +e
  (
    set -e
    stage "$switching/forward"
  )
  code=$?
  if [ "$code" = 0 ]; then
    sync -f "$root"
    date +%s > "$switching/begun"
    began=$(uptime_ms)
    go "$switching/forward" "$slot" "$active"
    code=$?
    printf 'away\t%s\n' "$(($(uptime_ms) - began))" >> "$switching/said"
  fi
  if [ "$code" != 0 ]; then undo; fi
  set -e
  if [ "$code" = 0 ]; then
    rm -f "$root/$name.$slot/prepared"
    sync -f "$root"
  fi
  cat "$switching/said" || true
  rm -rf "$switching"
  if [ "$code" != 0 ]; then exit "$code"; fi
}

# After a switch that failed: as it was before.
undo() {
  if [ -f "$switching/begun" ]; then last_lines; fi
  unstage
  if [ -z "$active" ]; then
    take_back "$switching/created" "$switching/forward/units"
  elif [ -f "$switching/begun" ]; then
    (
      set -e
      stage "$switching/backward"
    )
    go "$switching/backward" "$active" "$slot"
    # shellcheck disable=SC2181 # tested directly, its set -e would count for nothing
    if [ $? = 0 ]; then
      code=75
      remove_deployment "$root/$name.$slot"
    fi
  fi
}
