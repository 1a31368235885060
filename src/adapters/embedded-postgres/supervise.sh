# Runs the database server for exactly as long as its owner lives. Standard input is a pipe whose other end only the owner holds: its end
# means "stop", whether the owner asked for it or was killed with -9. Prints the server's process id; exits with the server's status.
#
#   supervise.sh GRACE_SECONDS TEMPORARY_DIRECTORY COMMAND...
set -u
grace=$1 temporary=$2
shift 2

# The owner decides when to stop, not a signal to the whole service; and a broken pipe to a dead owner must not end us before the server.
trap '' INT TERM HUP PIPE

exec 4<&0 </dev/null
"$@" 4<&- &
server=$!
echo "$server"
exec >/dev/null

# Descriptor 3 is the lock on the data directory: the server keeps it, this helper must not.
(
  read -r _ <&4
  within() {
    tenths=$(($1 * 10))
    while [ "$tenths" -gt 0 ]; do
      kill -0 "$server" || exit 0
      sleep 0.1
      tenths=$((tenths - 1))
    done
  }
  kill -INT "$server" && within "$grace"
  kill -QUIT "$server" && within 2
  kill -KILL "$server"
) 3<&- 2>/dev/null &
watcher=$!
exec 4<&-

wait "$server"
status=$?
kill -KILL "$watcher" 2>/dev/null
[ -z "$temporary" ] || rmdir "$temporary" 2>/dev/null
exit "$status"
