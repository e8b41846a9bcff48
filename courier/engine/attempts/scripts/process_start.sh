# Starts a process once: DIR STAGE WORKSPACE OUTPUT KEY SUPERVISE RUNNABLE COUNT FILE...
# COMMAND..., where RUNNABLE are the numbers, from 0, of files that can be run.
# Prints the supervisor's pid. 66: no workspace, 75: somebody else is starting it and is not done.
set -eu
dir=$1 stage=$2 workspace=$3 output=$4 key=$5 supervise=$6 runnable=$7 count=$8
shift 8
trap '[ ! -d "$stage" ] || rm -rf "$stage"' EXIT
exec 9>"$dir/lock"
flock -w 30 9 || exit 75
if [ ! -f "$dir/pid" ]; then
    [ -d "$workspace" ] || exit 66
    [ ! -d "$dir/in" ] || rm -rf "$dir/in"
    mv "$stage" "$dir/in"
    for number in $runnable; do
        chmod +x "$dir/in/$number"
    done
    number=0
    while [ "$number" -lt "$count" ]; do
        [ -d "${1%/*}" ] || mkdir -p "${1%/*}"
        mv -f "$dir/in/$number" "$1"
        shift
        number=$((number + 1))
    done
    : >"$dir/out"
    : >"$dir/err"
    # The supervisor keeps the lock until its pid is on disk, and says so by closing its stdout.
    # Without -f the shell would have to use `&`, and the agent would inherit an ignored SIGINT.
    : "$(setsid -f sh -c "$supervise" courier "$dir" "$workspace" "$output" "$key" "$@" </dev/null)"
    [ -f "$dir/pid" ] || exit 75
fi
read -r pid _ <"$dir/pid"
echo "$pid"
