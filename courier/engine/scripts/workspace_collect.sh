# Bundles what is in a work tree: REPO STATE BASE REF MESSAGE LIMIT SOURCE
# SOURCE is "agent", its own .git, or "archive", the one the workspace was made from.
# Prints the bundle's path, or "unchanged". 3: nested repositories, 4: too large, 75: busy;
# anything else: this source is broken. Writes nothing into the agent's .git.
set -eu
repo=$1 state=$2 base=$3 ref=$4 message=$5 limit=$6 source=$7
mkdir -p "$state"
exec 9>"$state/lock"
flock -w 300 9 || exit 75
cd "$repo"
if [ "$source" = agent ]; then
    common=$(GIT_CEILING_DIRECTORIES=${repo%/*} git rev-parse --git-common-dir)
    common=$(cd "$common" && pwd)
    head=$(GIT_CEILING_DIRECTORIES=${repo%/*} git rev-parse -q --verify 'HEAD^{commit}') || head=
else
    if [ ! -d "$state/base/.git" ]; then
        rm -rf "$state/base.new"
        mkdir "$state/base.new"
        tar -xzof "$state/archive.tgz" -C "$state/base.new"
        mv "$state/base.new" "$state/base"
    fi
    common=$state/base/.git
    head=
fi

# A git directory of our own: the agent's configuration, hooks, index and locks do not count.
own=$state/git
if [ ! -f "$own/ours" ]; then
    rm -rf "$own"
    format=sha1
    [ "${#base}" -ne 64 ] || format=sha256
    git init -q --bare --template= --object-format="$format" "$own"
    git -C "$own" config core.bare false
    mkdir -p "$own/info"
    : >"$own/ours"
fi
rm -f "$own/index.lock" "$own/shallow" "$own/info/exclude" "$own/$ref.lock"
printf '%s\n' "$common/objects" >"$own/objects/info/alternates"
[ ! -f "$common/shallow" ] || cp "$common/shallow" "$own/shallow"
[ ! -f "$common/info/exclude" ] || cp "$common/info/exclude" "$own/info/exclude"
export GIT_DIR="$own" GIT_WORK_TREE="$repo" GIT_INDEX_FILE="$own/index"

git cat-file -e "$base^{tree}"
parent=$base
# Commits that do not descend from the base, or are broken, give their tree only.
if [ -n "$head" ] && git merge-base --is-ancestor "$base" "$head" 2>/dev/null &&
    git rev-list --quiet --objects "$base..$head" 2>/dev/null; then
    parent=$head
fi

git read-tree -m "$parent" 2>/dev/null || {
    rm -f "$own/index"
    git read-tree "$parent"
}
if ! git -c advice.addEmbeddedRepo=false add -A . 2>"$own/errors"; then
    # What cannot be read is left out; an empty repository inside would be left out unseen.
    sed -n "s/^error: '\(.*\)' does not have a commit checked out$/\1/p" "$own/errors" >"$own/nested"
    if [ -s "$own/nested" ]; then
        cat "$own/nested"
        exit 3
    fi
    cat "$own/errors" >&2
    git -c advice.addEmbeddedRepo=false add -A --ignore-errors . 2>/dev/null || :
fi
tree=$(git write-tree)
git diff-tree -r --no-renames "$base" "$tree" >"$own/changes"
if grep '^:[0-7]* 160000 ' "$own/changes" | grep -v '^:160000 ' >"$own/nested"; then
    cut -f 2 "$own/nested"
    exit 3
fi

tip=$parent
if [ "$tree" != "$(git rev-parse "$parent^{tree}")" ]; then
    # The same work again is the same commit again, date included.
    wanted="$parent $tree $GIT_AUTHOR_NAME <$GIT_AUTHOR_EMAIL>
$message"
    tip=$(git rev-parse -q --verify "$ref") || tip=
    if [ -z "$tip" ] || [ "$(git log -1 --format='%P %T %an <%ae>%n%B' "$tip")" != "$(printf '%s\n' "$wanted")" ]; then
        tip=$(printf '%s\n' "$message" | git commit-tree "$tree" -p "$parent")
    fi
fi
if [ "$tip" = "$base" ]; then
    echo unchanged
    exit
fi
git update-ref "$ref" "$tip"
find "$state" -maxdepth 1 -name '*.bundle' -mmin +10 -exec rm -f {} +
git bundle create -q "$state/$tip.new" "$ref" "^$base"
mv -f "$state/$tip.new" "$state/$tip.bundle"
if [ "$(wc -c <"$state/$tip.bundle")" -gt "$limit" ]; then
    rm -f "$state/$tip.bundle"
    exit 4
fi
echo "$state/$tip.bundle"
