# Stops a process and everything it left behind: DIR KEY GRACE_TENTHS
dir=$1 key=$2 grace=$3
[ -f "$dir/pid" ] || exit 0
read -r pid born begun <"$dir/pid"
alive() {
    { read -r line <"/proc/$pid/stat"; } 2>/dev/null || return 1
    set -- ${line##*) }
    [ "$1" != Z ] && [ "${20}" = "$born" ]
}
# Finds those that left the process group too: the mark is inherited.
members() {
    grep -lsaF "COURIER_PROCESS=:$key:" /proc/[0-9]*/environ | tr -cd '0-9\n'
}
signal() {
    # The group of a dead leader may be somebody else's by now.
    ! alive || kill -s "$1" -- "-$pid" 2>/dev/null
    found=$(members)
    [ -z "$found" ] || kill -s "$1" $found 2>/dev/null
}
[ -f "$dir/exit" ] || : >"$dir/stopped"
signal TERM
while [ "$grace" -gt 0 ] && { alive || [ -n "$(members)" ]; }; do
    sleep 0.1
    grace=$((grace - 1))
done
rounds=20
while [ "$rounds" -gt 0 ] && { alive || [ -n "$(members)" ]; }; do
    signal KILL
    sleep 0.05
    rounds=$((rounds - 1))
done
if [ ! -f "$dir/exit" ]; then
    read -r now _ </proc/uptime
    echo "stopped $((${now%.*} * 100 + 1${now#*.} - 100 - begun))" >"$dir/exit.$$"
    ln "$dir/exit.$$" "$dir/exit" 2>/dev/null
    rm -f "$dir/exit.$$"
fi
[ -z "$(members)" ]
