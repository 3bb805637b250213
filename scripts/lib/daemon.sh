# Starting a pouchd in the background, and looking for one.
# shellcheck shell=bash
# Needs ROOT, and ui.sh.

socket=/run/pouch/pouchd.sock
pid_file=/run/pouch/pouchd.pid
daemon_log=/var/log/pouchd.log

# daemon_pid: the process id of the pouchd that runs; fails when none does.
daemon_pid() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) && [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q pouchd && echo "$pid"
}

answers() { [ -S "$socket" ] && POUCH_HOST="unix://$socket" "$ROOT/dist/pouch" version >/dev/null 2>&1; }

# Ours and made from an older build than the one in dist.
outdated() {
  tr '\0' '\n' <"/proc/$1/cmdline" | grep -qxF "$ROOT/dist/lib/pouchd.cjs" && [ "$ROOT/dist/lib/pouchd.cjs" -nt "/proc/$1" ]
}

# ensure_daemon: a pouchd on the default socket, of this build if it is this clone's. Containers outlive the change.
ensure_daemon() {
  local pid
  if pid=$(daemon_pid); then
    if ! outdated "$pid"; then
      wait_for_daemon "$pid" || return 1
      note "runs, process $pid"
      return 0
    fi
    kill "$pid"
    for _ in $(seq 300); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  elif [ -S "$socket" ] && answers; then
    note 'runs'
    return 0
  fi
  if [ -e /etc/systemd/system/pouchd.service ] && [ -d /run/systemd/system ]; then
    systemctl start pouchd || return 1
  else
    setsid "$ROOT/dist/pouchd" </dev/null >>"$daemon_log" 2>&1 &
  fi
  wait_for_daemon "${!:-}" || return 1
  note "started, process $(daemon_pid), log $daemon_log"
}

# wait_for_daemon PID: until it answers. Fails as soon as the process has ended.
wait_for_daemon() {
  for _ in $(seq 600); do
    answers && return 0
    if [ -n "$1" ] && ! kill -0 "$1" 2>/dev/null; then
      echo "pouchd has ended. Its last words, from $daemon_log:"
      tail -n 8 "$daemon_log"
      return 1
    fi
    sleep 0.05
  done
  echo "pouchd does not answer on $socket after 30 s. Its log is $daemon_log."
  return 1
}
