# Bundles what is in a work tree: REPO STATE BASE REF MESSAGE LIMIT SOURCE [KNOWN]
# SOURCE is "agent", its own .git, or "archive", the one the workspace was made from.
# With KNOWN, a tree, it is done while the agent works: its commits do not count, and a work tree
# equal to KNOWN is "unchanged"; what is made on the way is kept apart and disturbs nobody.
# Prints the bundle's path and the tree, or "unchanged". 3: nested repositories, 4: too large, 75: busy;
# anything else: this source is broken. Writes nothing into the agent's .git.
set -eu
repo=$1 state=$2 base=$3 ref=$4 message=$5 limit=$6 source=$7 known=${8-}
own=$state/git original=$state/base lock=$state/lock
if [ -n "$known" ]; then
    own=$state/saved original=$state/saved-base lock=$state/saving
    renice -n 10 -p $$ >/dev/null 2>&1 || :
fi
[ -d "$state" ] || mkdir -p "$state"
exec 9>"$lock"
flock -w 300 9 || exit 75
cd "$repo"
head=
if [ "$source" = agent ]; then
    export GIT_CEILING_DIRECTORIES="${repo%/*}"
    if found=$(git rev-parse --git-common-dir 'HEAD^{commit}' 2>/dev/null); then
        head=${found#*
}
    else
        found=$(git rev-parse --git-common-dir)
    fi
    unset GIT_CEILING_DIRECTORIES
    common=${found%%
*}
    case $common in
    /*) ;;
    *) common=$repo/$common ;;
    esac
else
    if [ ! -d "$original/.git" ]; then
        rm -rf "$original.new"
        mkdir "$original.new"
        tar -xof "$state/archive.tar" -C "$original.new"
        mv "$original.new" "$original"
    fi
    common=$original/.git
fi

# A git directory of our own: the agent's configuration, hooks, index and locks do not count.
format='repositoryformatversion = 0'
signature='# v2 git bundle'
if [ "${#base}" -eq 64 ]; then
    format='repositoryformatversion = 1
[extensions]
objectformat = sha256'
    signature='# v3 git bundle
@object-format=sha256'
fi
if [ ! -f "$own/ours" ]; then
    [ ! -e "$own" ] || rm -rf "$own"
    mkdir -p "$own/objects/info" "$own/refs" "$own/info"
    printf 'ref: refs/heads/none\n' >"$own/HEAD"
    printf '[core]\nbare = false\n%s\n' "$format" >"$own/config"
    : >"$own/ours"
fi
for old in "$own/index.lock" "$own/info/exclude"; do
    [ ! -e "$old" ] || rm -f "$old"
done
printf '%s\n' "$common/objects" >"$own/objects/info/alternates"
[ ! -s "$common/info/exclude" ] || cp "$common/info/exclude" "$own/info/exclude"
[ ! -f "$common/shallow" ] || export GIT_SHALLOW_FILE="$common/shallow"
export GIT_DIR="$own" GIT_WORK_TREE="$repo" GIT_INDEX_FILE="$own/index"

parent=$base
# Commits that do not descend from the base, or are broken, give their tree only.
if [ -z "$known" ] && [ -n "$head" ] && [ "$head" != "$base" ] &&
    git merge-base --is-ancestor "$base" "$head" 2>/dev/null &&
    git rev-list --quiet --objects "$base..$head" 2>/dev/null; then
    parent=$head
fi
trees=$(git rev-parse "$base^{tree}" "$parent^{tree}")
base_tree=${trees%%
*} parent_tree=${trees#*
}

stage() {
    if [ ! -f "$own/index" ] && [ -f "$state/index-$base" ]; then
        cp -p "$state/index-$base" "$own/index"
        [ "$parent" != "$base" ] || return 0
    fi
    git read-tree -m "$parent" 2>/dev/null || {
        rm -f "$own/index"
        git read-tree "$parent"
    }
}
stage
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
if [ "$tree" = "$known" ]; then
    echo unchanged
    exit
fi
if [ "$tree" != "$base_tree" ]; then
    changes=$(git diff-tree -r --no-renames "$base_tree" "$tree")
    case $changes in
    *' 160000 '*)
        if printf '%s\n' "$changes" | grep '^:[0-7]* 160000 ' | grep -v '^:160000 ' >"$own/nested"; then
            cut -f 2 "$own/nested"
            exit 3
        fi
        ;;
    esac
fi

tip=$parent
if [ "$tree" != "$parent_tree" ] || [ -n "$known" ]; then
    # The same work again is the same commit again, date included.
    wanted="$parent $tree $GIT_AUTHOR_NAME <$GIT_AUTHOR_EMAIL>
$message"
    tip=
    [ ! -f "$own/tip" ] || read -r tip <"$own/tip" || :
    if [ -z "$tip" ] || [ "$(git log -1 --format='%P %T %an <%ae>%n%B' "$tip" 2>/dev/null)" != "$(printf '%s\n' "$wanted")" ]; then
        tip=$(git commit-tree "$tree" -p "$parent" -m "$message")
    fi
    printf '%s\n' "$tip" >"$own/tip"
fi
if [ "$tip" = "$base" ]; then
    echo unchanged
    exit
fi
for old in "$state"/*.bundle; do
    [ ! -e "$old" ] || find "$old" -mmin +10 -exec rm -f {} +
done
exec 8>"$state/$tip.new"
printf '%s\n-%s\n%s %s\n\n' "$signature" "$base" "$tip" "$ref" >&8
git pack-objects --revs --thin --delta-base-offset --threads=1 --stdout -q >&8 <<END
$tip
^$base
END
exec 8>&-
mv -f "$state/$tip.new" "$state/$tip.bundle"
if [ "$(wc -c <"$state/$tip.bundle")" -gt "$limit" ]; then
    rm -f "$state/$tip.bundle"
    exit 4
fi
echo "$state/$tip.bundle"
echo "$tree"
