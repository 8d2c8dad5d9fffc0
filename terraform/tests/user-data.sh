#!/usr/bin/env bash
# Runs rendered user-data on a pretended machine: real bash, files below a folder, and stubs of the tools that look at disks, packages and AWS.
#
#   user-data.sh DIR     with DIR/instance-store.sh and DIR/ebs.sh, as rendered by test.sh
# shellcheck disable=SC2016 # dollar signs that are meant
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(cd "$1" && pwd)
readonly NVME='Amazon EC2 NVMe Instance Storage' EBS='Amazon Elastic Block Store'
# The release's own.
unit=$here/../../gateway/release/src/dist/systemd/firn.service
readonly TOOLS=(lsblk findmnt nvme wipefs blkid mdadm mkfs.xfs xfs_growfs mountpoint mount udevadm curl aws dnf apt-get getent useradd chown chgrp systemctl sleep sync)

cases=0

fail() {
  printf 'FAILED: %s: %s\n' "$case_name" "$*"
  printf '%s\n' '--- calls' && cat "$machine/calls"
  printf '%s\n' '--- output' && cat "$machine/output"
  exit 1
}

# --- a machine -------------------------------------------------------------------------------------------------------------------

machine() { # what it shows
  case_name=$1
  cases=$((cases + 1))
  machine=$dir/machine/${1//[^a-z0-9]/-}
  rm -rf "$machine"
  mkdir -p "$machine/bin" "$machine/holds" "$machine/attached" "$machine/secrets" "$machine/release.d/firn-1.0/bin" "$machine/release.d/firn-1.0/systemd" "$machine/etc/systemd/system" "$machine/opt"
  local tool
  for tool in "${TOOLS[@]}"; do ln -s "$here/stub" "$machine/bin/$tool"; done
  : >"$machine/calls"
  : >"$machine/output"
  : >"$machine/serving"
  printf '#!/bin/sh\n' >"$machine/release.d/firn-1.0/bin/firn"
  chmod +x "$machine/release.d/firn-1.0/bin/firn"
  cp "$unit" "$machine/release.d/firn-1.0/systemd/firn.service"
  tar -czf "$machine/release" -C "$machine/release.d" firn-1.0
  sum=$(sha256sum "$machine/release" | cut -d' ' -f1)
  printf '%s' "it's \"a\" \\ \$ecret" >"$machine/secrets/arn_aws_secretsmanager_eu-central-1_111122223333_secret_firn-aaaaaa"
  disks "/dev/nvme0n1|$EBS"
}

disks() { # lines
  printf '%s\n' "$@" >"$machine/disks"
}

# The machine's own paths; the checksum of this release, which nobody could know when the user-data was rendered; and less patience, as each look takes a while here.
localized() { # script
  sed -E -e "s#(/etc/|/usr/local/lib/|/opt/firn|/run/firn|/var/lib/firn)#$machine\\1#g" -e "s#0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef#$sum#" -e 's#^(readonly DISK_ATTEMPTS)=150$#\1=5#' "$1"
}

run() { # script
  (cd "$machine" && STUB_MACHINE=$machine PATH=$machine/bin:$PATH bash "$1") >>"$machine/output" 2>&1
}

boot() { # kind: the first start of a machine
  localized "$dir/$1.sh" >"$machine/user-data"
  run "$machine/user-data" && run "$machine/usr/local/lib/firn/prepare"
}

again() { # a later start
  rm -rf "$machine/mounted" "$machine/run" "$machine/array"
  [ ! -e "$machine/members" ] || rm -f "$machine/label" # until the RAID is put together again
  run "$machine/usr/local/lib/firn/prepare"
}

called() { # pattern
  grep -qE -- "$1" "$machine/calls"
}

environment() { # name -> whether the broker is given it
  grep -q "^$1=" "$machine/run/firn-prepare/environment"
}

# --- cases -----------------------------------------------------------------------------------------------------------------------

machine 'one disk of its own'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$NVME"
boot instance-store || fail 'did not boot'
called '^mkfs.xfs -L firn /dev/nvme1n1$' || fail 'made no file system on the disk'
called '^mount -t xfs -o noatime LABEL=firn .*/var/lib/firn$' || fail 'did not mount by label'
called '^mdadm' && fail 'made a RAID of one disk'
called '^dnf install .*java-17-amazon-corretto-headless mdadm nvme-cli xfsprogs' || fail 'installed no packages'
called '^systemctl enable firn.service$' || fail 'does not start the broker with the machine'
called '^systemctl start --no-block firn.service$' || fail 'did not start the broker'
grep -qx 'firn-user-data: done' "$machine/output" || fail 'does not say that it is done'
called '^xfs_growfs' && fail 'would grow a disk of the machine'
[ "$(tail -n 1 "$machine/calls" | cut -d' ' -f1)" = aws ] || fail 'looked for no secret at the end'
[ "$(readlink "$machine/opt/firn")/bin/firn" -ef "$machine/opt/firn-${sum:0:12}/bin/firn" ] || fail 'did not install the release'
called '^sync --file-system .*/opt/firn-[0-9a-f]+\.new$' || fail 'named the release before it was on the disk'
[ -e "$machine/etc/systemd/system/firn.service" ] || fail 'did not install the unit'
grep -q '^ExecStart=.*/opt/firn/bin/firn up --config .*/etc/firn/firn.yaml \$FORM$' "$machine/etc/systemd/system/firn.service.d/terraform.conf" || fail 'the unit does not start it'
grep -q '^"node.id": "1"$' "$machine/etc/firn/firn.yaml" || fail 'wrote no settings'
grep -qx 'FIRN_JAVA_OPTS="-Xmx2g -Da=b"' "$machine/etc/default/firn" || fail 'wrote no JVM options'
for use in KAFKA PEER HTTP CLUSTER; do
  grep -qx "FIRN_${use}_HOST=\"10.0.0.7\"" "$machine/run/firn-prepare/environment" || fail "does not bind $use to its address"
done
grep -qxF 'FIRN_COLD_SECRET_KEY="it'\''s \"a\" \\ \$ecret"' "$machine/run/firn-prepare/environment" || fail 'the secret is not given to the broker, or not as it is'
[ "$(stat -c %a "$machine/run/firn-prepare/environment")" = 600 ] || fail 'others can read the secret'
grep -rqF ecret\" "$machine/etc" "$machine/usr" "$machine/user-data" "$machine/output" && fail 'the secret is on the disk'
environment FORM && fail 'was told to form a cluster that it was not asked to'
cp "$machine/calls" "$machine/first-calls"

: >"$machine/calls"
again || fail 'did not start again'
called '^mkfs' && fail 'made a file system a second time'
called '^mount .*LABEL=firn' || fail 'did not mount again'

: >"$machine/calls"
rm "$machine/label" "$machine/holds/_dev_nvme1n1"
again || fail 'did not start with an empty disk'
called '^mkfs.xfs -L firn /dev/nvme1n1$' || fail 'made no file system on the new disk'
first=$machine

# --- run by hand a second time: nothing that is there is made anew
: >"$machine/calls"
run "$machine/user-data" || fail 'cannot be run a second time'
called '^(mkfs|useradd .*useradd|curl .*--output .*firn.tar.gz)' && fail 'made or downloaded something again'

machine 'two disks of its own'
disks "/dev/nvme2n1|$NVME" "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$NVME"
boot instance-store || fail 'did not boot'
called '^mdadm --create /dev/md/firn --run --level=0 --name=firn --homehost=any --raid-devices=2 /dev/nvme1n1 /dev/nvme2n1$' || fail 'made no RAID 0 of both'
called '^mkfs.xfs -L firn /dev/md/firn$' || fail 'made no file system on the RAID'
: >"$machine/calls"
again || fail 'did not start again'
called '^mkfs|^mdadm --create' && fail 'made a RAID or a file system a second time'
called '^mdadm --assemble --scan' || fail 'did not put the RAID together'
: >"$machine/calls"
touch "$machine/broken-raid"
again && fail 'started with half a RAID'
called '^mkfs|^mdadm --create|^mount -t' && fail 'wrote over half a RAID'
grep -q 'is not empty (linux_raid_member)' "$machine/output" || fail 'does not say why'

machine 'a RAID that has no file system yet'
disks "/dev/nvme1n1|$NVME" "/dev/nvme0n1|$EBS" "/dev/nvme2n1|$NVME"
for disk in nvme1n1 nvme2n1; do
  printf 'linux_raid_member\n' >"$machine/holds/_dev_$disk"
  printf '/dev/%s\n' "$disk" >>"$machine/members"
done
boot instance-store || fail 'did not boot'
called '^mdadm --create' && fail 'made it again'
called '^mkfs.xfs -L firn /dev/md/firn$' || fail 'made no file system on it'

machine 'a power cut while the file system is made'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
touch "$machine/power-cut"
boot ebs && fail 'went on'
again || fail 'did not start again'
[ "$(grep -c '^mkfs' "$machine/calls")" = 1 ] || fail 'made the file system twice'
environment FORM || fail 'forgot the order though no broker ever ran'
rm "$machine/label" "$machine/holds/_dev_nvme1n1"
again || fail 'did not start with an empty disk'
environment FORM && fail 'would form a cluster with its second disk'

machine 'a disk that holds something else'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$NVME"
printf 'ext4\n' >"$machine/holds/_dev_nvme1n1"
boot instance-store && fail 'went on'
called '^mkfs|^mount -t' && fail 'touched it'
grep -q '/dev/nvme1n1 is not empty (ext4)' "$machine/output" || fail 'does not say why'

machine 'no disk of its own'
boot instance-store && fail 'went on'
called '^mkfs|^mount -t' && fail 'used the disk of the system'
grep -q 'no instance-store disk' "$machine/output" || fail 'does not say why'

machine 'a system whose disk cannot be told'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
touch "$machine/lost-root"
boot ebs && fail 'went on'
called '^mkfs|^mount -t' && fail 'used a disk that may be the system'\''s'
grep -q 'cannot be told' "$machine/output" || fail 'does not say why'

machine 'a system on a part of a file system'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
printf '/dev/sdf' >"$machine/attached/_dev_nvme0n1"
touch "$machine/subvolume"
boot ebs || fail 'did not boot'
called '^mkfs.xfs -L firn /dev/nvme1n1$' || fail 'made no file system on the volume'

machine 'no volume'
printf '/dev/sdf' >"$machine/attached/_dev_nvme0n1"
boot ebs && fail 'went on'
called '^mkfs|^mount -t' && fail 'used the disk of the system'
[ "$(grep -c '^sleep 2$' "$machine/calls")" = 5 ] || fail 'was not patient, or had no end'
grep -q 'no volume was attached as sdf within 10 s' "$machine/output" || fail 'does not say why'

machine 'a volume that came with the image'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
printf '/dev/xvdb' >"$machine/attached/_dev_nvme1n1"
printf '%s\n' "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS" "/dev/nvme2n1|$EBS" >"$machine/late-disks"
boot ebs || fail 'did not boot'
called '^mkfs.xfs -L firn /dev/nvme2n1$' || fail 'made no file system on the volume'
called '^mdadm' && fail 'made a RAID with it'

machine 'two volumes that are called the same'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS" "/dev/nvme2n1|$EBS"
boot ebs && fail 'went on'
called '^mkfs|^mdadm|^mount -t' && fail 'took either'
grep -q 'several volumes' "$machine/output" || fail 'does not say why'

machine 'a new machine with the volume of the one before'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
printf '/dev/nvme1n1\n' >"$machine/label"
printf 'xfs\n' >"$machine/holds/_dev_nvme1n1"
boot ebs || fail 'did not boot'
called '^mkfs' && fail 'made a file system on it'
called '^mount -t xfs .*LABEL=firn' || fail 'did not mount it'
called '^xfs_growfs .*/var/lib/firn$' || fail 'does not use all of a volume that has grown'

machine 'a snapshot of another broker'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS" "/dev/nvme2n1|$EBS"
printf '/dev/sdg' >"$machine/attached/_dev_nvme2n1"
printf '/dev/nvme2n1\n' >"$machine/label"
boot ebs && fail 'went on'
called '^mkfs|^mount -t' && fail 'mounted it, or something beside it'
grep -q '/dev/nvme2n1 is labelled firn, but is not on this broker.s disks (/dev/nvme1n1)' "$machine/output" || fail 'does not say why'

machine 'a volume that is attached late'
printf '%s\n' "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS" >"$machine/late-disks"
boot ebs || fail 'did not boot'
called '^mkfs.xfs -L firn /dev/nvme1n1$' || fail 'made no file system on the volume'
called '^sleep 2$' || fail 'did not wait'

machine 'the order to form a cluster'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
printf '%s\n' somebody-else >"$machine/serving"
boot ebs || fail 'did not boot'
grep -qx 'FORM="--form"' "$machine/run/firn-prepare/environment" || fail 'was not told to form the cluster'
again || fail 'did not start again'
environment FORM || fail 'forgot the order before the cluster was formed'
rm "$machine/label" "$machine/holds/_dev_nvme1n1"
again || fail 'did not start with an empty disk'
environment FORM && fail 'would form a cluster with its second disk'

machine 'the order to form a cluster that serves'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
printf '%s\n' prod-3.firn.internal >"$machine/serving"
boot ebs || fail 'did not boot'
environment FORM && fail 'would form a second cluster'

machine 'a release with another checksum'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$NVME"
sum=$(printf 'f%.0s' {1..64})
boot instance-store && fail 'went on'
called '^systemctl' && fail 'started something'
[ ! -e "$machine/opt/firn" ] || fail 'installed it'
grep -q 'has another checksum' "$machine/output" || fail 'does not say why'

machine 'a release in the bucket'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$EBS"
boot ebs || fail 'did not boot'
called '^aws s3 cp .*--only-show-errors s3://artifacts/firn-1.0.tar.gz' || fail 'did not fetch it from S3'
[ -x "$machine/opt/firn/bin/firn" ] || fail 'did not install it'

machine 'a secret that may not be read'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$NVME"
rm "$machine/secrets/"*
boot instance-store && fail 'went on without it'
[ "$(grep -c '^aws secretsmanager' "$machine/calls")" = 10 ] || fail 'was not patient, or had no end'
[ ! -e "$machine/run/firn-prepare/environment" ] || fail 'gave the broker half of what it needs'

machine 'a secret of several lines'
disks "/dev/nvme0n1|$EBS" "/dev/nvme1n1|$NVME"
printf 'a\nb' >"$machine/secrets/arn_aws_secretsmanager_eu-central-1_111122223333_secret_firn-aaaaaa"
boot instance-store && fail 'went on'
grep -q 'more than one line' "$machine/output" || fail 'does not say why'

# What the first machine has been given, for those who want to look at it.
ln -sfn "$first" "$dir/machine/first"
printf 'passed: user-data on %s pretended machines\n' "$cases"
