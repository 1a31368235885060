# $1 = bytes. Permits (exit 0) when the host has that much memory available and a tenth of all memory besides.
awk -v wanted="$1" '
  /^MemTotal:/ { total = $2 * 1024 }
  /^MemAvailable:/ { available = $2 * 1024 }
  END {
    if (available - wanted >= total / 10) exit 0
    printf "only %d bytes of memory are available\n", available > "/dev/stderr"
    exit 1
  }' /proc/meminfo
