# Tells how a process ended: DIR TAIL_BYTES
# Prints "running", or "CODE CENTISECONDS STARTED" and the end of stderr. 66: never started.
dir=$1 limit=$2
[ -f "$dir/pid" ] || exit 66
read -r pid born begun <"$dir/pid"
alive() {
    { read -r line <"/proc/$pid/stat"; } 2>/dev/null || return 1
    set -- ${line##*) }
    [ "$1" != Z ] && [ "${20}" = "$born" ]
}
if [ ! -f "$dir/exit" ] && ! alive && [ ! -f "$dir/exit" ]; then
    read -r now _ </proc/uptime
    spent=$((${now%.*} * 100 + 1${now#*.} - 100 - begun))
    [ "$spent" -ge 0 ] || spent=0
    echo "gone $spent" >"$dir/exit.$$"
    ln "$dir/exit.$$" "$dir/exit" 2>/dev/null
    rm -f "$dir/exit.$$"
fi
if [ ! -f "$dir/exit" ]; then
    echo running
    exit
fi
read -r code spent <"$dir/exit"
echo "$code $spent $(date -r "$dir/pid" +%s)"
[ ! -s "$dir/err" ] || tail -c "$limit" "$dir/err"
