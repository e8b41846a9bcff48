#!/bin/sh
# Lists the subjects of all commits since the newest tag there is.
last=$(git describe --tags --abbrev=0 2>/dev/null) || last=
git log --format='%s' ${last:+"$last.."}HEAD
