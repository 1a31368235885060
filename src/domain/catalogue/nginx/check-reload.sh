# $1 = pid file of the nginx master. Proves that this account may not signal it. Exit 1: it may not; says whose process it is.
# Exit 3: no master of nginx is named there, so nothing is known.
master=$(head -n 1 -- "$1" 2>/dev/null)
case $master in '' | *[!0-9]*) exit 3 ;; esac
case $(cat "/proc/$master/comm" 2>/dev/null) in nginx*) ;; *) exit 3 ;; esac
kill -0 "$master" 2>/dev/null && exit 0
[ -d "/proc/$master" ] || exit 3
echo "process $master belongs to $(stat -c %U "/proc/$master")" >&2
exit 1
