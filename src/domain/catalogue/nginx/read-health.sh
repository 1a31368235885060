# $1 = pid file, $2 = host, $3 = port, $4 = path of a page to ask for, or empty. Prints master=alive|dead workers=N status=CODE|none|not-asked.
# Exit 3: the pid file cannot be looked for.
LC_ALL=C
export LC_ALL
master=dead
workers=0
if [ -e "$1" ]; then
  pid=$(head -n 1 -- "$1" 2>/dev/null) || exit 3
  case $pid in
    '' | *[!0-9]*) ;;
    *)
      case $(cat "/proc/$pid/comm" 2>/dev/null) in
        nginx*)
          master=alive
          workers=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v master="$pid" '{ sub(/.*\) /, ""); if ($2 == master && $1 != "Z") n++ } END { print n + 0 }')
          ;;
      esac
      ;;
  esac
elif [ ! -x "$(dirname -- "$1")" ]; then
  exit 3
fi
status=not-asked
if [ -n "$2" ] && command -v bash >/dev/null 2>&1; then
  # shellcheck disable=SC2016
  status=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" "$3" "$1" >&3 && head -n 1 <&3' bash "$2" "$3" "$4" 2>/dev/null | awk '$1 ~ /^HTTP\// && $2 ~ /^[0-9]+$/ { print $2; exit }')
  [ -n "$status" ] || status=none
fi
echo "master=$master workers=$workers status=$status"
