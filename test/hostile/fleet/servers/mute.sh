#!/bin/sh
# MCP servers that never get as far as running. They cost next to nothing, so that their start-up time-out is theirs and not the machine's.
#
#   mute.sh KIND
set -u
echo "this is $1" >&2
case $1 in
half-a-line) printf '{"jsonrpc": "2.0", "id": 1, "res' ;;
late)
  read -r line
  sleep 4
  echo '{"jsonrpc": "2.0", "id": 1, "result": {}}'
  ;;
silent) ;;
talks) printf 'Welcome to the best of all servers!\nListening.\n' ;;
*) exit 64 ;;
esac
while :; do sleep 9999; done
