# Checks a repository out once: ARCHIVE KEY NAME EMAIL REPO STATE
# 75: somebody else is at it and is not done.
set -eu
archive=$1 key=$2 name=$3 email=$4 repo=$5 state=$6
trap 'rm -f "$archive"' EXIT
mkdir -p "$state"
exec 9>"$state/lock"
flock -w 120 9 || exit 75
[ ! -f "$state/ready" ] || [ "$(cat "$state/ready")" != "$key" ] || exit 0
rm -f "$state/ready"
for old in "$repo" "$state/new" "$state/git" "$state/base"; do
    rm -rf "$old" 2>/dev/null || {
        chmod -R u+rwX "$old"
        rm -rf "$old"
    }
done
mkdir "$state/new"
tar -xzof "$archive" -C "$state/new" 9>&-
cd "$state/new"
git config user.name "$name"
git config user.email "$email"
git -c core.hooksPath=/dev/null reset -q --hard
# Kept for the day the agent deletes .git.
mv -f "$archive" "$state/archive.tgz"
cd "$state"
mv new "$repo"
printf %s "$key" >ready.new
mv -f ready.new ready
