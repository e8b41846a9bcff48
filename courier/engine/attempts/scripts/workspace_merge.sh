# Puts a work tree into the middle of a merge, as git leaves it in a conflict:
# REPO STATE KEY OURS THEIRS ENTRIES HELPER HEADFILE MESSAGE
# ENTRIES is a file for update-index, HELPER a branch to be removed, HEADFILE "MERGE_HEAD" or
# "CHERRY_PICK_HEAD". Files and their marks are there already. 75: somebody else is at it.
set -eu
repo=$1 state=$2 key=$3 ours=$4 theirs=$5 entries=$6 helper=$7 headfile=$8 message=$9
trap '[ ! -e "$entries" ] || rm -f "$entries"' EXIT
exec 9>"$state/lock"
flock -w 120 9 || exit 75
if [ -f "$state/merging" ]; then
    IFS= read -r done <"$state/merging" || :
    [ "$done" != "$key" ] || exit 0
fi
cd "$repo"
git update-index -z --index-info <"$entries"
git update-ref --no-deref HEAD "$ours"
git update-ref -d "refs/heads/$helper" || :
printf '%s\n' "$message" >.git/MERGE_MSG
printf '%s\n' "$theirs" >".git/$headfile"
[ "$headfile" != MERGE_HEAD ] || printf no-ff >.git/MERGE_MODE
printf '%s\n' "$key" >"$state/merging"
