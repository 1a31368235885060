# $1 = worker | process | account, $2 = pid file (or `uid:gid` for account), $3 = read | write, $4 = root directory,
# then the way from that directory down, one path each; the last is what should be read or written.
# Prints what stands on that way, and whether the service's own account gets through, tried with its ids where we may:
#   now=S / entry=N kind=f|d|l|o|missing|unseen mode=M uid=U gid=G changed=S acl=yes|no / account uid=U gid=G groups=1,2 / access=yes|no|unknown / place=inside|outside|unseen
# Exit 3: the service's account cannot be known.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export LC_ALL
how=$1
source=$2
want=$3
root=$4
shift 4 || exit 2

ids_of() {
  uid=$(awk '/^Uid:/ { print $3 }' "/proc/$1/status" 2>/dev/null)
  gid=$(awk '/^Gid:/ { print $3 }' "/proc/$1/status" 2>/dev/null)
  groups=$(awk '/^Groups:/ { $1 = ""; gsub(/^ +| +$/, ""); gsub(/ +/, ","); print }' "/proc/$1/status" 2>/dev/null)
  [ -n "$uid" ] && [ -n "$gid" ]
}

pid() {
  process=$(head -n 1 -- "$source" 2>/dev/null) || return 1
  case $process in '' | *[!0-9]*) return 1 ;; esac
  [ -d "/proc/$process" ]
}

case $how in
  account) uid=${source%%:*} gid=${source##*:} groups= ;;
  process) pid && ids_of "$process" || exit 3 ;;
  worker)
    pid || exit 3
    worker=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v master="$process" '{ child = $1; sub(/.*\) /, ""); if ($2 == master) { print child; exit } }')
    [ -n "$worker" ] && ids_of "$worker" || exit 3
    ;;
  *) exit 2 ;;
esac

echo "now=$(date +%s)"
echo "account uid=$uid gid=$gid groups=$groups"
n=0
last=
for path in "$@"; do
  last=$path
  if [ -L "$path" ] && [ "$n" -gt 0 ]; then
    echo "entry=$n kind=l"
  elif [ -e "$path" ]; then
    # The root may be a link; below it none is followed.
    case $(stat -L -c %F -- "$path") in 'regular file' | 'regular empty file') kind=f ;; directory) kind=d ;; *) kind=o ;; esac
    # `ls` marks an access control list with a plus; the bits alone then say too little.
    acl=no
    case $(ls -Lld -- "$path" | cut -c 11) in +) acl=yes ;; esac
    echo "entry=$n kind=$kind $(stat -L -c 'mode=%a uid=%u gid=%g changed=%Z' -- "$path") acl=$acl"
  elif [ "$n" -gt 0 ] && [ ! -x "$above" ]; then
    echo "entry=$n kind=unseen"
  else
    echo "entry=$n kind=missing"
  fi
  above=$path
  n=$((n + 1))
done

flag=-r
[ "$want" = write ] && flag=-w
try() { test "$flag" "$last" && { [ ! -d "$last" ] || test -x "$last"; }; }
me=$(id -u)
if [ "$me" = "$uid" ]; then
  if try; then echo access=yes; else echo access=no; fi
elif [ "$me" = 0 ] && command -v setpriv >/dev/null 2>&1; then
  if [ -n "$groups" ]; then set -- --groups="$groups"; else set -- --clear-groups; fi
  # shellcheck disable=SC2016
  setpriv --reuid="$uid" --regid="$gid" "$@" sh -c 'test "$1" "$2" && { [ ! -d "$2" ] || test -x "$2"; }' sh "$flag" "$last" 2>/dev/null
  case $? in 0) echo access=yes ;; 1) echo access=no ;; *) echo access=unknown ;; esac
else
  echo access=unknown
fi

real=$(readlink -e -- "$last" 2>/dev/null)
top=$(readlink -e -- "$root" 2>/dev/null)
case $real in
  '') echo place=unseen ;;
  "$top" | "$top"/*) [ -n "$top" ] && echo place=inside || echo place=unseen ;;
  *) echo place=outside ;;
esac
