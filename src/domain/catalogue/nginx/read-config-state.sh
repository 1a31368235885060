# $1 = nginx program, $2 = configuration, $3 = pid file, $4 = state directory, then pairs: <sha256> <path> of the last good contents.
# Prints test=ok|failed master=alive|dead|unknown now=S, then per file: file=N kept=yes|no same=yes|no modified=S (0: it is missing).
# Exit 3: nginx cannot be asked, or its complaint is that *we* may not read something.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export LC_ALL
program=$1 config=$2 pidfile=$3 state=$4
shift 4 || exit 2
command -v "$program" >/dev/null 2>&1 || exit 3

# Without -e the test itself would write its complaint into a log that we watch. Before 1.19.5 there was no -e.
says=$("$program" -t -q -e stderr -c "$config" 2>&1)
code=$?
case $says in *'invalid option: "-e"'* | *'invalid option: "e"'*) says=$("$program" -t -q -c "$config" 2>&1); code=$? ;; esac
if [ "$code" = 0 ]; then
  test=ok
else
  case $says in *'(13: Permission denied)'*) [ "$(id -u)" = 0 ] || exit 3 ;; esac
  test=failed
fi

master=dead
if [ -e "$pidfile" ]; then
  pid=$(head -n 1 -- "$pidfile" 2>/dev/null) || master=unknown
  case $pid in
    '' | *[!0-9]*) ;;
    *) case $(cat "/proc/$pid/comm" 2>/dev/null) in nginx*) master=alive ;; esac ;;
  esac
elif [ ! -x "$(dirname -- "$pidfile")" ]; then
  master=unknown
fi
echo "test=$test master=$master now=$(date +%s)"

n=0
while [ "$#" -ge 2 ]; do
  kept=no same=no modified=0
  [ "$(sha256sum < "$state/contents/$1" 2>/dev/null | cut -c 1-64)" = "$1" ] && kept=yes
  if [ -e "$2" ]; then
    [ -r "$2" ] || exit 3
    [ "$(sha256sum < "$2" | cut -c 1-64)" = "$1" ] && same=yes
    modified=$(stat -L -c %Y -- "$2")
  fi
  echo "file=$n kept=$kept same=$same modified=$modified"
  n=$((n + 1))
  shift 2
done
