# Tells which paths are files of a work tree: FOLDER PATH...
# Prints their numbers, from 0. 66: no work tree.
cd "$1" || exit 66
shift
number=0
for path; do
    [ ! -f "./$path" ] || echo "$number"
    number=$((number + 1))
done
