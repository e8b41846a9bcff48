# Writes the comment to a file, the whole plan to the job's summary, and what came of it to outputs.
set -u
courier="${COURIER:-$RUNNER_TEMP/courier/bin/courier}"
comment="$RUNNER_TEMP/courier-plan.md"
home="$RUNNER_TEMP/courier-home"
mkdir -p "$home"
# git may read the repository as the checkout may; of all else the job knows, the plan is given nothing.
(umask 077; git config --get-regexp '^http\..*\.extraheader$' | while read -r name value; do
  git config --file "$home/.gitconfig" "$name" "$value"
done)
plan() {
  env -i PATH="$PATH" HOME="$home" COURIER_HOME="$RUNNER_TEMP/courier-state" NO_COLOR=1 \
    "$courier" plan --base "$BASE" --detailed-exitcode "$@"
}
plan --whole "$WHOLE" >"$comment"
code=$?
if [ -s "$comment" ]; then
  echo "comment=$comment" >>"$GITHUB_OUTPUT"
  plan --most 900000 >>"$GITHUB_STEP_SUMMARY"
fi
echo "code=$code" >>"$GITHUB_OUTPUT"
[ "$code" = 2 ] && changes=true || changes=false
echo "changes=$changes" >>"$GITHUB_OUTPUT"
exit 0
