# $1 = systemd | sysv | direct, $2 = unit, init script or executable, $3 = pid file (direct). Starts it when it does not run; waits for it.
# Exit 1: it does not run afterwards.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
running() {
  case $1 in
    systemd) systemctl is-active --quiet -- "$2" ;;
    sysv) service "$2" status >/dev/null 2>&1 ;;
    direct) alive "$3" ;;
  esac
}

# A pid that was given to another process since the file was written is not ours.
alive() {
  pid=$(head -n 1 -- "$1" 2>/dev/null) || return 1
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c 1) in '' | Z | X) return 1 ;; esac
  started=$(awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int($20 / ticks) }' "/proc/$pid/stat" 2>/dev/null)
  booted=$(awk '/^btime/ { print $2 }' /proc/stat)
  [ -z "$started" ] || [ "$((booted + started))" -le "$(($(stat -c %Y -- "$1") + 5))" ]
}

running "$@" && exit 0
starter=
case $1 in
  systemd) systemctl reset-failed -- "$2" 2>/dev/null; systemctl start -- "$2" || exit 1 ;;
  sysv) service "$2" start >/dev/null 2>&1 || exit 1 ;;
  direct)
    [ -x "$2" ] || { echo "$2 is not an executable" >&2; exit 1; }
    # It may start the service and end, or become it: either way in a session of its own, so that it outlives this one.
    setsid -- "$2" </dev/null >/dev/null 2>&1 &
    starter=$!
    ;;
  *) exit 2 ;;
esac
# By the clock, not by tries: a busy host is given as long as an idle one. Less than the time-out of the step, so that the last word is ours.
deadline=$(($(date +%s) + 25))
while [ "$(date +%s)" -lt "$deadline" ]; do
  running "$@" && exit 0
  if [ -n "$starter" ] && ! kill -0 "$starter" 2>/dev/null; then
    wait "$starter" || { echo "$2 ended with code $?" >&2; exit 1; }
    starter=
  fi
  sleep 0.1
done
echo "$2 does not run" >&2
exit 1
