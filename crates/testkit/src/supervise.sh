# Keeps one real server for a test process, and outlives that process only to clean up after it.
#
#   sh -c "$(cat supervise.sh)" supervise PREPARE SERVE END
#
# PREPARE runs once, in a new folder; SERVE becomes the server; END is the signal that ends it at once. The folder's path
# is printed first, then one line when PREPARE is done, then one for every command read from stdin. stdin ends when the
# test process does, however that comes about: no signal handler of the test process has to run for the clean-up.

prepare=$1 serve=$2 end=$3 server=

# The server and, since Postgres has a process for each connection, its children.
family() {
    echo "$server"
    cat "/proc/$server/task/$server/children"
}

freeze() {
    # The parent first: from then on there are no new children.
    kill -STOP "$server" && kill -STOP $(family)
}

thaw() {
    kill -CONT $(family)
}

stop() {
    thaw
    kill -"$1" "$server"
    wait "$server"
    server=
}

running() {
    [ -n "$server" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$server/status"
}

clean() {
    [ -z "$server" ] || stop "$end"
    cd / && rm -rf "$folder"
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/fairlead-test.XXXXXX") || exit
trap clean EXIT
# PIPE: nobody reads the answer to a command that was under way.
trap exit INT TERM PIPE
# The kernel hangs up on a group of which somebody is frozen when the test process ends: that must not end the clean-up.
trap '' HUP
cd "$folder" || exit
echo "$folder"
exec 2>>log

if sh -c "$prepare" >>log </dev/null; then echo done; else echo failed; fi

while read -r command; do
    case $command in
    start) sh -c "exec $serve" >>log </dev/null & server=$! ;;
    stop) [ -z "$server" ] || stop INT ;;
    kill) [ -z "$server" ] || stop KILL ;;
    freeze) freeze ;;
    thaw) thaw ;;
    check) if running; then echo running; else echo ended; fi; continue ;;
    esac
    echo done
done
