# $1 = nginx program, $2 = configuration, $3 = pid file. Reloads only a configuration that nginx accepts, and waits until workers of a new
# generation serve: a signal that was sent proves nothing. Exit 1: refused, or the old workers stayed.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export LC_ALL
program=$1 config=$2 pidfile=$3

says=$("$program" -t -q -e stderr -c "$config" 2>&1)
code=$?
case $says in *'invalid option: "-e"'* | *'invalid option: "e"'*) says=$("$program" -t -q -c "$config" 2>&1); code=$? ;; esac
[ "$code" = 0 ] || { printf '%s\n' "$says" >&2; exit 1; }

master=$(head -n 1 -- "$pidfile" 2>/dev/null)
case $master in '' | *[!0-9]*) echo 'no pid of a master' >&2; exit 1 ;; esac
# A stale pid file may name a process that is not nginx: never signal that.
case $(cat "/proc/$master/comm" 2>/dev/null) in nginx*) ;; *) echo "process $master is not nginx" >&2; exit 1 ;; esac

children() { cat /proc/[0-9]*/stat 2>/dev/null | awk -v master="$master" '{ child = $1; sub(/.*\) /, ""); if ($2 == master && $1 != "Z") print child }'; }
retiring() { tr '\0' ' ' 2>/dev/null < "/proc/$1/cmdline" | grep -q 'is shutting down'; }

before=" $(children | tr '\n' ' ')"
kill -HUP "$master" || exit 1
tries=0
while [ "$tries" -lt 100 ]; do
  new=no old=no
  for child in $(children); do
    case $before in
      *" $child "*)
        retiring "$child" || {
          old=yes
          # A worker without a free descriptor cannot take the message that comes with one (the channel of its successor), closes its channel,
          # and never hears that it should go. It still hears a signal.
          if [ "$tries" = 10 ]; then kill -QUIT "$child" 2>/dev/null; fi
        }
        ;;
      *) new=yes ;;
    esac
  done
  [ "$new" = yes ] && [ "$old" = no ] && exit 0
  tries=$((tries + 1))
  sleep 0.1
done
echo 'the workers were not replaced' >&2
exit 1
