# $1 = host, $2 = port, then $3... = how the service is controlled: systemd UNIT | sysv NAME | direct START PIDFILE.
# Prints connect=accepted|refused|no-answer process=running|stopped|unknown. Exit 3: there is no way to try a connection.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export LC_ALL
host=$1
port=$2
shift 2 || exit 2
if command -v bash >/dev/null 2>&1; then
  # shellcheck disable=SC2016
  says=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$host" "$port" 2>&1)
  code=$?
elif command -v perl >/dev/null 2>&1; then
  says=$(timeout 3 perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die "$!\n"' "$host" "$port" 2>&1)
  code=$?
else
  exit 3
fi
case $code:$says in
  0:*) connect=accepted ;;
  *'Connection refused'*) connect=refused ;;
  *) connect=no-answer ;;
esac

process=unknown
case $1 in
  systemd)
    case $(systemctl show --property=ActiveState --value -- "$2" 2>/dev/null) in
      active | reloading | activating | deactivating) process=running ;;
      inactive | failed) process=stopped ;;
    esac
    ;;
  sysv)
    # LSB: 0 runs, 1 to 3 does not, 4 is unknown.
    service "$2" status >/dev/null 2>&1
    case $? in 0) process=running ;; 1 | 2 | 3) process=stopped ;; esac
    ;;
  direct)
    if [ ! -e "$3" ]; then
      if [ -x "$(dirname -- "$3")" ]; then process=stopped; fi
    elif pid=$(head -n 1 -- "$3" 2>/dev/null); then
      process=stopped
      case $pid in
        '' | *[!0-9]*) ;;
        *)
          if [ -d "/proc/$pid" ]; then
            case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c 1) in
              '' | Z | X) ;;
              *) process=running ;;
            esac
            # Started after the file was written: the pid was given to another process.
            started=$(awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int($20 / ticks) }' "/proc/$pid/stat" 2>/dev/null)
            booted=$(awk '/^btime/ { print $2 }' /proc/stat)
            if [ -n "$started" ] && [ "$((booted + started))" -gt "$(($(stat -c %Y -- "$3") + 5))" ]; then process=stopped; fi
          fi
          ;;
      esac
    fi
    ;;
esac
echo "connect=$connect process=$process"
