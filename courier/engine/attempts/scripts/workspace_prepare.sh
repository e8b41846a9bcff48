# Checks a repository out once: ARCHIVE KEY CONFIG REPO STATE [BRANCH]
# CONFIG is text to add to the repository's. The tree of BRANCH, which is removed, is put into the
# work tree, as if it had been made there and not committed. 75: somebody else is at it and is not done.
set -eu
archive=$1 key=$2 config=$3 repo=$4 state=$5 earlier=${6-}
trap '[ ! -e "$archive" ] || rm -f "$archive"' EXIT
# The upload has made it.
[ -d "$state" ] || mkdir -p "$state"
exec 9>"$state/lock"
flock -w 120 9 || exit 75
if [ -f "$state/ready" ]; then
    IFS= read -r ready <"$state/ready" || :
    [ "$ready" != "$key" ] || exit 0
    rm -f "$state/ready"
fi
for old in "$repo" "$state/git" "$state/base" "$state"/saved* "$state"/index-*; do
    [ -e "$old" ] || [ -L "$old" ] || continue
    rm -rf "$old" 2>/dev/null || {
        chmod -R u+rwX "$old"
        rm -rf "$old"
    }
done
mkdir "$repo"
tar -xof "$archive" -C "$repo" 9>&-
cd "$repo"
printf %s "$config" >>.git/config
git -c core.hooksPath=/dev/null reset -q --hard
# What git knows of the files now, before anybody can change it; its time must stay with it.
IFS= read -r head <.git/HEAD
[ ! -f ".git/${head#ref: }" ] || IFS= read -r head <".git/${head#ref: }"
case $head in
ref:*) ;;
*) cp -p .git/index "$state/index-$head" ;;
esac
if [ -n "$earlier" ]; then
    git -c core.hooksPath=/dev/null read-tree -m -u HEAD "refs/heads/$earlier"
    git -c core.hooksPath=/dev/null reset -q
    git update-ref -d "refs/heads/$earlier"
fi
# Kept for the day the agent deletes .git.
mv -f "$archive" "$state/archive.tar"
# Torn by a kill, it is no key, and all is done again.
printf '%s\n' "$key" >"$state/ready"
