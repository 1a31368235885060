# Runs a command for exactly as long as standard input stays open: its other end is held by the demo alone, so whatever ends the demo - kill -9 too -
# ends the command. Standard output and error are the command's; its process id is written to descriptor 3.
#
#   lifeline.sh GRACE_SECONDS COMMAND...
set -u
grace=$1
shift
# Handlers, not ignored signals: those the command would inherit.
trap : INT TERM HUP

exec 4<&0 </dev/null
"$@" 3>&- 4<&- &
child=$!
echo "$child" >&3
exec 3>&-

(
  read -r _ <&4
  kill -TERM "$child" || exit 0
  tenths=$((grace * 10))
  while [ "$tenths" -gt 0 ]; do
    kill -0 "$child" || exit 0
    sleep 0.1
    tenths=$((tenths - 1))
  done
  kill -KILL "$child"
) >/dev/null 2>&1 &
watcher=$!
exec 4<&- >/dev/null 2>&1

wait "$child"
status=$?
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  status=$?
done
kill -KILL "$watcher"
exit "$status"
