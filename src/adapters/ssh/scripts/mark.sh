# The mark of a step that a driver runs. $1 begin, end or settle; $2 directory, $3 step; $4 hundredths (begin) or exit code (end).
case $1 in
  begin)
    create_mark "$2" "$3" run "$4"
    case $? in 0) echo created ;; 1) echo taken ;; *) exit 1 ;; esac
    ;;
  end) end_mark "$2" "$3" "$4" ;;
  settle)
    # The fence: after it, a runner that comes late is refused.
    create_mark "$2" "$3" void 0
    case $? in 0) echo void; exit ;; 1) ;; *) exit 1 ;; esac
    kind='' boot='' until=0 end=''
    # A line without its newline is one that a crash cut short: `read` fails on it, so it does not count.
    while read -r key value; do
      case $key in kind) kind=$value ;; boot) boot=$value ;; until) until=$value ;; end) end=$value ;; esac
    done <"$2/$3"
    read_uptime
    read -r boot_now </proc/sys/kernel/random/boot_id
    if [ "$kind" = void ]; then echo void
    elif [ -n "$end" ]; then echo "ended $end"
    elif [ "$boot" != "$boot_now" ]; then echo 'unknown rebooted'
    elif [ "$uptime" -lt "$until" ]; then echo running
    else echo 'unknown same-boot'
    fi
    ;;
esac
