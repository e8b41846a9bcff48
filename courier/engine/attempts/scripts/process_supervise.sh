# Runs one command to its end and puts its exit code on disk: DIR WORKSPACE OUTPUT KEY COMMAND...
dir=$1 workspace=$2 output=$3 key=$4
shift 4
# A handler, not '': an ignored signal would stay ignored in the command.
trap : TERM INT HUP
cd "$workspace" || exit 1
uptime_now() {
    read -r now _ </proc/uptime
    now=$((${now%.*} * 100 + 1${now#*.} - 100))
}
born_of() {
    read -r born <"/proc/$1/stat"
    set -- ${born##*) }
    born=${20}
}
born_of $$
uptime_now
begun=$now
echo "$$ $born $begun" >"$dir/pid.new"
mv -f "$dir/pid.new" "$dir/pid"
exec >/dev/null 2>&1 9>&-
COURIER_PROCESS=":$key:"
export COURIER_PROCESS
[ -z "${COURIER_PROGRAMS:-}" ] || PATH=$COURIER_PROGRAMS:$PATH
if [ "$output" = both ]; then
    "$@" <"$dir/in/stdin" >>"$dir/out" 2>&1
else
    "$@" <"$dir/in/stdin" >>"$dir/out" 2>>"$dir/err"
fi
code=$?
[ ! -e "$dir/stopped" ] || code=stopped
uptime_now
echo "$code $((now - begun))" >"$dir/exit.new"
# A link never replaces: whoever noticed the end first has the last word.
ln "$dir/exit.new" "$dir/exit"
