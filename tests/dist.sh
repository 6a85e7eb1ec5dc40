#!/bin/sh
# SPDX-License-Identifier: MIT
# Every file that git tracks goes into the tarball.  In a tarball there is nothing to compare.
srcdir=${srcdir:-.}
status=0

git -C "$srcdir" rev-parse --git-dir >/dev/null 2>&1 || { echo 'not a clone of the repository'; exit 0; }
sed "s|^$srcdir/||" tests/dist.list >tests/dist.names
for file in $(git -C "$srcdir" ls-files); do
	case $file in
	.gitignore | */.gitignore) continue ;;
	esac
	folder=$file
	while ! grep -qxF "$folder" tests/dist.names; do
		case $folder in
		*/*) folder=${folder%/*} ;;
		*) echo "FAIL: $file is not in the tarball"; status=1; break ;;
		esac
	done
done
rm -f tests/dist.names
exit $status
