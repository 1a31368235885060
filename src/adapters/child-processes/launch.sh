# Becomes a program, after putting itself where the program's limits are kept: nothing of the program ever runs outside of them. Descriptor 3
# tells what went wrong; its end without a word means that the program has taken over.
#
#   launch.sh OPEN_FILES|- PROCESSES|- STAMP NUMBER_OF_GROUP_FILES GROUP_FILE... PROGRAM ARGUMENT...
set -u
files=$1 processes=$2 stamp=$3 groups=$4
shift 4

refuse() {
  echo "$1" >&3
  exit 125
}

while [ "$groups" -gt 0 ]; do
  # 0 is the process that writes.
  { echo 0 >"$1"; } 2>/dev/null || refuse "its control group cannot be entered: $1"
  shift
  groups=$((groups - 1))
done

# A core file holds whatever the program knew, and may be larger than the disk.
ulimit -c 0 2>/dev/null
[ "$files" = - ] || ulimit -n "$files" 2>/dev/null || refuse "it may not have $files open files"
# One shell calls it -u, another -p.
[ "$processes" = - ] || (ulimit -u "$processes") 2>/dev/null && letter=u || letter=p
[ "$processes" = - ] || ulimit -$letter "$processes" 2>/dev/null || refuse "it may not have $processes processes"
# Limits nothing; it is how its descendants are known again (stamp.ts). A limit that was lowered before us cannot be raised, and then there is none.
ulimit -m "$stamp" 2>/dev/null
# When the whole machine runs out of memory, this goes before Steward does.
{ echo 500 >/proc/self/oom_score_adj; } 2>/dev/null

exec "$@" 3>&-
