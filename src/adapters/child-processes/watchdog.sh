# Ends what Steward started, when Steward has ended, however it died. Standard input is a pipe whose other end only Steward holds, so its end
# is Steward's end. Until then Steward tells on it what there is:
#
#   * STAMP                   a run may begin
#   + LEADER START_TICKS      its process group
#   @ STAMP DIRECTORY         its control group, where somebody else made it
#   - LEADER                  its process group is empty
#   . STAMP                   nothing is left of it
#
#   watchdog.sh MARK [DIRECTORY_OF_CONTROL_GROUPS...]
#
# MARK is what the environment of every descendant begins with in STEWARD_RUN, STAMP a number in its limits (stamp.ts). Lives in a session of its own and no signal but SIGKILL ends it.
set -u
trap '' HUP INT QUIT TERM PIPE USR1 USR2 ALRM
mark=$1
shift

groups= scopes= stamps=
# Sets `rest` to the entries whose first part is another one.
without() {
  one=$1 rest=
  shift
  for entry; do [ "${entry%%:*}" = "$one" ] || rest="$rest $entry"; done
}
while read -r what which more; do
  case $what in
  '*') stamps="$stamps $which" ;;
  +) without "$which" $groups && groups="$rest $which:$more" ;;
  @) scopes="$scopes $which:$more" ;;
  -) without "$which" $groups && groups=$rest ;;
  .)
    without "$which" $stamps && stamps=$rest
    without "$which" $scopes && scopes=$rest
    ;;
  esac
done

# A group without its leader is still the same: its number is given to nobody while somebody is in it. A leader with another start is a stranger.
is_ours() {
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
  set -- "$2" ${stat##*) }
  [ "$1" = "${21}" ]
}

signal_groups() {
  for entry in $groups; do
    is_ours "${entry%%:*}" "${entry#*:}" && kill -s "$1" -- "-${entry%%:*}" 2>/dev/null
  done
}

# Patterns stand on lines of their own.
patterns=
for stamp in $stamps; do
  patterns="$patterns${patterns:+
}^Max resident set .* $stamp  *bytes"
done

marked() {
  grep -lsz "^STEWARD_RUN=$mark:" /proc/[0-9]*/environ 2>/dev/null
  [ -z "$patterns" ] || grep -ls "$patterns" /proc/[0-9]*/limits 2>/dev/null
}

members() {
  for entry in $scopes; do cat "${entry#*:}/cgroup.procs" 2>/dev/null; done
  find "$@" -name cgroup.procs -exec cat {} + 2>/dev/null
}

# Whether there was anybody.
kill_all() {
  found=1
  for entry in $scopes; do { echo 1 >"${entry#*:}/cgroup.kill"; } 2>/dev/null; done
  for directory; do
    for run in "$directory"/*/cgroup.kill; do [ ! -e "$run" ] || { echo 1 >"$run"; } 2>/dev/null; done
  done
  for path in $(marked); do
    path=${path#/proc/}
    kill -s KILL "${path%%/*}" 2>/dev/null
    found=0
  done
  [ $# -eq 0 ] && [ -z "$scopes" ] && return $found
  for member in $(members "$@"); do
    kill -s KILL "$member" 2>/dev/null
    found=0
  done
  return $found
}

pause() { sleep 0.05 2>/dev/null || sleep 1; }

any_group() {
  for entry in $groups; do kill -s 0 -- "-${entry%%:*}" 2>/dev/null && return 0; done
  return 1
}

# Their input has ended with Steward. Who goes at that or at SIGTERM may do so in good order, if it does so at once.
signal_groups TERM
tries=0
while [ $tries -lt 5 ] && any_group; do
  pause
  tries=$((tries + 1))
done

# Three times nobody: one look can miss what forks, or what becomes another program, in that very moment.
signal_groups KILL
tries=0 clean=0
while [ $clean -lt 3 ] && [ $tries -lt 400 ]; do
  if kill_all "$@"; then clean=0; else clean=$((clean + 1)); fi
  tries=$((tries + 1))
  pause
done

for directory; do
  rmdir "$directory"/* "$directory" "${directory%/*}" 2>/dev/null
done
exit 0
