# $1 = systemd | sysv | direct, $2 = unit, init script or executable. Proves that this account may not start it. Exit 1: it may not; says why.
# Exit 3: nothing is known; whether systemd obeys an account that is not root is for its policy to say, and it is not asked.
case $1 in
  direct) [ -e "$2" ] || exit 3; [ -x "$2" ] || { echo "$2 is not executable for this account" >&2; exit 1; } ;;
  *) [ "$(id -u)" = 0 ] || exit 3 ;;
esac
