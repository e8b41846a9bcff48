# Tells for how many seconds a process has written nothing: DIR. 66: never started.
dir=$1
[ -f "$dir/pid" ] || exit 66
now=$(date +%s)
last=0
for stream in out err; do
    wrote=$(date -r "$dir/$stream" +%s)
    [ "$wrote" -le "$last" ] || last=$wrote
done
echo $((now - last))
