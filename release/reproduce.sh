#!/usr/bin/env bash
# Builds the last commit twice, each from a fresh clone in a directory of its own name, and compares what was packed byte for byte.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # directory, umask
  git clone -q "$root" "$work/$1"
  (
    umask "$2"
    cd "$work/$1"
    mvn -B -ntp -q -Prelease -pl release -am -DskipTests package
  )
}

build first 022
build a-second-one-elsewhere 077

code=0
for file in "$work"/first/release/target/{firn-*.tar.gz,firn-*.cdx.json,firn_*.deb}; do
  if cmp "$file" "$work/a-second-one-elsewhere/release/target/${file##*/}"; then
    (cd "${file%/*}" && sha256sum "${file##*/}")
  else
    code=1
  fi
done
[ "$code" -ne 0 ] || echo "the same"
exit "$code"
