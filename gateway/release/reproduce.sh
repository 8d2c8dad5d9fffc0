#!/usr/bin/env bash
# Builds the last commit twice, each from a fresh clone in a directory of its own name, and compares what was packed byte for byte.
# Jars record the permissions of what is in them, so who builds a release again needs the usual umask, 022.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
commit=$(git -C "$root" rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

umask 022

build() { # directory
  git clone -q "$root" "$work/$1"
  git -C "$work/$1" checkout -q "$commit"
  (
    cd "$work/$1"
    mvn -B -ntp -q -Prelease -pl gateway/release -am -DskipTests package
  )
}

listed() { # tarball -> prints checksum and name of each file inside
  case $1 in
    *.tar.gz) tar -xzf "$1" --to-command='printf "%s %s\n" "$(sha256sum | cut -c1-64)" "$TAR_FILENAME"' ;;
  esac
}

build first
build a-second-one-elsewhere

code=0
for file in "$work"/first/gateway/release/target/{firn-*.tar.gz,firn-*.cdx.json,firn_*.deb}; do
  if cmp "$file" "$work/a-second-one-elsewhere/gateway/release/target/${file##*/}"; then
    (cd "${file%/*}" && sha256sum "${file##*/}")
  else
    echo "  (in the order of the archive, the first that differ:)" && diff <(listed "$file") <(listed "$work/a-second-one-elsewhere/gateway/release/target/${file##*/}") | head -n 6 || true
    code=1
  fi
done
[ "$code" -ne 0 ] || echo "the same"
exit "$code"
