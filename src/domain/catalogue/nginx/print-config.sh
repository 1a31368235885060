# $1 = nginx program, $2 = configuration. Prints the whole configuration with all that it includes. Exit 1: nginx refuses it, or cannot be asked.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
# Without -e nginx would write into a log that we watch. Before 1.19.5 there was no -e.
"$1" -T -q -e stderr -c "$2" 2>/dev/null || "$1" -T -q -c "$2" 2>/dev/null
