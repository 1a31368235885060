# Programs that do not want to go. TAG is a number that every process of them shows in its arguments or its environment (FLEET_TAG), so that
# a witness who knows nothing of marks and groups can count them.
#
#   program.sh KIND TAG
set -u
kind=$1 tag=$2 self=$0
sleep_for="sleep 9999.$tag"

case $kind in
# Ends with its input.
polite) exec cat ;;
# Hears neither the end of its input nor SIGTERM.
deaf)
  trap '' TERM HUP INT PIPE
  while :; do $sleep_for; done
  ;;
# Goes with its input, but leaves behind a child, a grandchild, a session of its own and a daemon, all of them deaf.
family)
  sh -c 'sh "$0" deaf "$1" & wait' "$self" "$tag" &
  setsid sh "$self" deaf "$tag" &
  (setsid sh -c 'sh "$0" deaf "$1" & exit' "$self" "$tag" &)
  exec cat
  ;;
# As npx and uvx do it: two wrappers around the program itself.
wrapped) sh -c 'sh -c "sh \"\$0\" family \"\$1\"; exit \$?" "$0" "$1"; exit $?' "$self" "$tag" ;;
# Gone before anybody looked, but not quite.
forks-and-exits)
  setsid sh "$self" deaf "$tag" >/dev/null 2>&1 &
  sh "$self" deaf "$tag" &
  exit 0
  ;;
exits) exit 3 ;;
# Makes sessions as long as it lives.
restless)
  trap '' TERM
  born=0
  while [ $born -lt 60 ]; do
    setsid $sleep_for &
    born=$((born + 1))
    sleep 0.005
  done
  while :; do $sleep_for; done
  ;;
# Wipes every trace: no mark, no session, no parent.
traceless)
  (env -i setsid $sleep_for >/dev/null 2>&1 </dev/null &)
  exec cat
  ;;
closes-output)
  exec >&-
  while :; do $sleep_for; done
  ;;
closes-input)
  exec <&-
  while :; do $sleep_for; done
  ;;
half-a-line)
  printf '{"jsonrpc": "2.0", '
  while :; do $sleep_for; done
  ;;
not-utf8)
  printf 'a\377b\n'
  exec cat
  ;;
flood) exec head -c "$3" /dev/zero ;;
lines) exec yes "$3" ;;
endless-errors) exec yes 'something is wrong' >&2 ;;
*) exit 64 ;;
esac
