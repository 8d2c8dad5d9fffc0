#!/usr/bin/env bash
# Tests what is in this folder, without an AWS account and without a network.
#
#   terraform/test.sh [--work DIR] [WHAT...]      what it makes is in DIR/firn-terraform-test, and stays
#
#   fmt         every file is formatted, and what stands in two modules is the same
#   aws         modules and examples for AWS: init, validate, terraform test
#   local       the same of what needs only Terraform's own provider, and the scripts of local-cluster
#   keeps       a plain apply destroys no broker, volume, node or bucket that is there
#   user-data   what EC2 runs, rendered: bash -n, and run on pretended machines
#   units       systemd's units on such a machine, by systemd-analyze
#   lint        the same, and every script here, by shellcheck
#   alerts      rules for Prometheus ask for metrics that there are
#
# With nothing named, all of these. Exit code 0: passed; 1: failed; 77: what could be tested passed, and something was SKIPPED, with the reason in a line that begins with that word.
#
# The AWS provider is taken from TF_PLUGIN_DIR, a folder laid out as a filesystem mirror (HOST/hashicorp/aws/VERSION/OS_ARCH/); without it, from the usual places for one. It is started once, and all of Terraform's
# processes use it: each of them, and each run of a test, would start several of its own.
# shellcheck disable=SC2317 # functions are called by attempt
set -euo pipefail

readonly SKIPPED=77
readonly ALL=(fmt aws local keeps user-data units lint alerts)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

say() { printf '%s\n' "$*"; }

skip() { # reason
  say "SKIPPED: $*"
  exit "$SKIPPED"
}

require_terraform() {
  local version
  command -v terraform >/dev/null || skip "terraform is not on PATH"
  version=$(terraform version | sed -n 's/^Terraform v//p')
  case $version in
    0.* | 1.[0-6].*) skip "terraform $version is too old, 1.7 or later is needed" ;;
  esac
}

# Pretended machines are run with this machine's tools.
require_gnu() {
  if ! stat -c %a / >/dev/null 2>&1 || ! command -v sha256sum >/dev/null; then
    skip "what EC2 runs needs stat and sha256sum of GNU"
  fi
}

# Sets plugins to the folder that has the AWS provider, and provider to its file there.
require_plugin() {
  local places=("${HOME:-}/.terraform.d/plugins" /opt/tf-plugins /usr/local/share/terraform/plugins /usr/share/terraform/plugins) place platform
  [ -z "${TF_PLUGIN_DIR:-}" ] || places=("$TF_PLUGIN_DIR")
  platform=$(terraform version | sed -n 's/^on //p')
  for place in "${places[@]}"; do
    [ -d "$place" ] || continue
    place=$(cd "$place" && pwd -P)
    provider=$(find "$place" -path "*/hashicorp/aws/[56].*/$platform/terraform-provider-aws*" | sort -V | tail -n 1)
    if [ -n "$provider" ]; then
      plugins=$place
      return
    fi
  done
  skip "the provider hashicorp/aws 5 or 6 for $platform is not in ${places[*]}; TF_PLUGIN_DIR names the folder of a filesystem mirror that has it"
}

# Terraform asks the provider that runs, until this process ends; should that be killed, half an hour.
start_provider() {
  local log=$work/provider.log attempt limit=(timeout -k 10 1800)
  command -v timeout >/dev/null || limit=()
  : >"$log"
  TF_LOG_SDK=error TF_LOG_PROVIDER=error "${limit[@]}" "$provider" -debug >"$log" 2>&1 </dev/null &
  provider_pid=$!
  trap 'kill "$provider_pid" 2>/dev/null && wait "$provider_pid" || true' EXIT
  for ((attempt = 0; attempt < 1800; attempt++)); do
    TF_REATTACH_PROVIDERS=$(sed -n "s/^.*TF_REATTACH_PROVIDERS='\(.*\)'.*$/\1/p" "$log")
    if [ -n "$TF_REATTACH_PROVIDERS" ]; then
      export TF_REATTACH_PROVIDERS
      return
    fi
    kill -0 "$provider_pid" 2>/dev/null || break
    sleep 0.1
  done
  say "FAILED: $provider does not say how it is reached"
  cat "$log"
  return 1
}

# Terraform leaves .terraform and a lock file where it runs, so it runs in a copy.
copy() {
  rm -rf "$work/terraform"
  mkdir -p "$work/terraform"
  (cd "$here" && tar -cf - --exclude .terraform --exclude '*.tfstate*' --exclude '*.tfvars' --exclude ./examples/local-dev/data .) | (cd "$work/terraform" && tar -xf -)
  : >"$work/terraform.rc"
}

quiet_terraform() {
  export TF_CLI_CONFIG_FILE=$work/terraform.rc CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0
  # The provider's schema is large and lives as long as its process: collecting garbage more rarely saves a quarter of the processor time, until it is large.
  export GOGC=${GOGC:-400} GOMEMLIMIT=${GOMEMLIMIT:-1536MiB}
  # Nothing of whose shell this is: no account, and with a bundle of certificates the provider can be configured only once.
  unset TF_LOG TF_WORKSPACE TF_DATA_DIR TF_CLI_ARGS TF_REATTACH_PROVIDERS "${!AWS_@}"
}

# Runs a function that ends at its first error, and sets code. (In a condition, bash would go on after errors.)
attempt() { # function, arguments
  set +e
  (
    set -e
    "$@"
  )
  code=$?
  set -e
}

# One folder of the copy, from nothing to tested.
root() { # folder
  local folder=$1
  cd "$work/terraform/$folder"
  terraform init -no-color -backend=false
  terraform validate -no-color
  # What has no tests passes all of them.
  case $folder in
    modules/*/user-data | examples/local-dev) return ;; # by user-data.sh; by LocalClusterIT
  esac
  terraform test -no-color | tee "$work/$(name "$folder").tests"
  grep -q '^Success! [1-9][0-9]* passed' "$work/$(name "$folder").tests"
}

# Roots, each with a log; the logs of those that failed are shown.
roots() { # folders
  local failed=0 folder log
  for folder in "$@"; do
    log=$work/$(name "$folder").log
    attempt root "$folder" >"$log" 2>&1 </dev/null
    if [ "$code" = 0 ]; then
      say "passed: $folder: $(sed -n -e 's/^Success! //p' "$log" | tr '\n' ' ')"
    else
      failed=1
      say "FAILED: $folder"
      cat "$log"
    fi
  done
  return "$failed"
}

name() { # folder
  printf '%s' "${1//\//-}"
}

test_fmt() {
  require_terraform
  terraform fmt -no-color -check -diff -recursive "$here"
  local said what
  for what in 'with_nvme += .*' 'regex\("\^\[a-z\]\+\[0-9\]\+g[^"]*"'; do
    said=$(grep -hoE "$what" "$here"/modules/{ec2,eks}-cluster/main.tf)
    if [ "$(wc -l <<<"$said")" != 2 ] || [ "$(sort -u <<<"$said" | wc -l)" != 1 ]; then
      say "FAILED: modules differ in what they know of instance families: $said"
      return 1
    fi
  done
  say "passed: every file is formatted, and modules for EC2 and EKS know the same families of instances"
}

# Every folder with Terraform's files, so that none is forgotten: those that name the provider, or those that do not.
folders() { # with or without
  (
    cd "$here"
    find . -name '*.tf' -not -path '*/.terraform/*' -not -path './tests/*' | sed -e 's,^\./,,' -e 's,/[^/]*$,,' | sort -u | while read -r folder; do
      case $1$(cat "$folder"/*.tf | grep -c 'hashicorp/aws' || true) in
        with0 | without[1-9]*) ;;
        *) printf '%s\n' "$folder" ;;
      esac
    done
  )
}

test_aws() {
  local found folder failed=0
  require_terraform
  require_plugin
  start_provider
  mapfile -t found < <(folders with)
  for folder in "${found[@]}"; do
    if ! cat "$here/$folder"/*.tf | grep -cE '^ *(required_version = ">= 1\.7"|version = ">= 5\.60, < 7\.0")$' | grep -qx 2; then
      say "FAILED: $folder does not say which versions of Terraform and of the provider it takes"
      failed=1
    fi
  done
  roots "${found[@]}" || failed=1
  return "$failed"
}

test_local() {
  local found
  require_terraform
  mapfile -t found < <(folders without)
  roots "${found[@]}"
  test_refusals
  bash "$here/tests/local-cluster.sh" "$work/local-cluster"
}

# That these tests remove nothing which is not theirs: a copy of this script where it would remove itself, and a cluster's folder given to the other script.
test_refusals() {
  local folder=$work/refusals code said
  rm -rf "$folder"
  mkdir -p "$folder/firn-terraform-test/terraform" "$folder/data/broker-1"
  cp "$here/test.sh" "$folder/firn-terraform-test/terraform"
  : >"$folder/data/broker-1/firn.yaml"
  said=$(bash "$folder/firn-terraform-test/terraform/test.sh" --work "$folder" fmt 2>&1) && code=0 || code=$?
  if [ "$code" != 2 ] || [ ! -f "$folder/firn-terraform-test/terraform/test.sh" ]; then
    say "FAILED: what is tested is removed: $said"
    return 1
  fi
  said=$(bash "$here/tests/local-cluster.sh" "$folder/data" 2>&1) && code=0 || code=$?
  if [ "$code" != 2 ] || [ ! -f "$folder/data/broker-1/firn.yaml" ]; then
    say "FAILED: somebody's cluster is removed: $said"
    return 1
  fi
  say 'passed: nothing is removed but what these tests have made'
}

# A state that has clusters and a bucket (tests/keeps), and what the real provider plans for it: mocked ones do not know what a change replaces. The first plan changes all that may change, and touches nothing that
# is there; the second replaces one broker as it is asked to, and no other; the others change what may not, and are refused for every reason that is listed.
test_keeps() {
  require_terraform
  require_plugin
  local folder=$work/keeps address
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$here"/tests/keeps/{main.tf,*.vars} "$folder"
  address=${provider#"$plugins"/}
  sed -e "s,PROVIDER,${address%/*/*/*},g" "$here/tests/keeps/there.json" >"$folder/terraform.tfstate"
  ln -s "$work/terraform/modules" "$folder/modules"
  cd "$folder"
  terraform init -no-color -plugin-dir="$plugins" >init.log 2>&1 || { cat init.log; return 1; }
  start_provider
  plan allowed || complain allowed 'what may change is refused'
  ! grep -E '^  # .* (must be replaced|will be destroyed)' allowed.log | grep -v '\["4"\] will be destroyed' >/dev/null || complain allowed 'a plain apply would destroy or replace'
  ! grep -qE '^  # module\.(ec2\.aws_(instance|network_interface|ebs_volume|volume_attachment|route53_record)\.broker\["[123]"\]|eks\.aws_eks_node_group\.this\["[abc]"\])' allowed.log ||
    complain allowed 'a plain apply would touch machines, volumes or names that are there'
  contains allowed 'module.ec2.aws_instance.broker["0"] will be created' 'module.ec2.aws_ebs_volume.broker["0"] will be created' 'module.ec2.aws_instance.broker["4"] will be destroyed' \
    'module.eks.aws_eks_node_group.this["d"] will be created' 'module.eks.aws_eks_cluster.this["this"] will be updated in-place'
  plan one -replace='module.ec2.aws_network_interface.broker["2"]' || complain one 'one broker cannot be moved'
  contains one 'module.ec2.aws_network_interface.broker["2"] will be replaced, as requested' 'module.ec2.aws_instance.broker["2"] must be replaced'
  ! grep -E '^  # .* (must be replaced|will be destroyed|will be replaced, as requested)' one.log | grep -v '\.broker\["2"\]' >/dev/null || complain one 'moving one broker would touch another'
  ! plan others || complain others 'what makes another cluster of it is planned'
  contains others 'voters must be brokers, but there are no brokers 9' 'machines need local NVMe, which m7g.large has not' 'must not set what the module sets: node.id' \
    'disk.kind of a cluster that is there cannot be changed' 'cannot be changed while there are nodes, but bucket, eks_cluster_name, prefix would be' 'module.eks.aws_eks_cluster.this["this"] has lifecycle.prevent_destroy' \
    'nodes need local NVMe, which m7i.large has not' 'voters must not be more than there are nodes' 's3_endpoint_route_table_ids need vpc_id' 'module.storage.aws_s3_bucket.this[0] has lifecycle.prevent_destroy'
  ! plan moved || complain moved 'what moves volumes and nodes is planned'
  contains moved 'dns_zone, bucket, prefix and disk.kind of a cluster that is there cannot be changed' 'The volume of broker 1 is in eu-central-1a, and a volume cannot move' 'The interface of broker 1 is in subnet-a with 10.0.0.1, and cannot move' 'The interface of broker 2 is in subnet-b with 10.0.0.2, and cannot move' 'Node group a is in subnet-a, and cannot move'
  ! plan disks || complain disks 'other disks for brokers on EKS are planned'
  contains disks 'cannot be changed while there are nodes, but disk would be'
  say 'passed: what is there is kept by a plain apply; what would destroy it is refused'
}

plan() { # name of a file of variables, options
  terraform plan -no-color -refresh=false -var-file="$1.vars" "${@:2}" >"$1.log" 2>&1
}

contains() { # name of a plan, texts
  local name=$1 text said
  shift
  said=$(tr -s '\n ' '  ' <"$name.log")
  for text in "$@"; do
    grep -qF -- "$text" <<<"$said" || complain "$name" "there is not '$text'"
  done
}

complain() { # name of a plan, what is wrong
  say "FAILED: $2"
  cat "$1.log"
  exit 1
}

# Two machines' user-data into files. The module has no resources, so that applying it renders and nothing else.
render() {
  local folder=$work/user-data
  mkdir -p "$folder"
  cat >"$folder/main.tf" <<EOF
locals {
  common = {
    zone            = "eu-central-1a"
    cluster_name    = "prod"
    voters          = ["1", "2", "3"]
    names           = { for id in ["1", "2", "3"] : id => "prod-\${id}.firn.internal" }
    bucket          = { name = "firn-test", region = "eu-central-1", prefix = "teams/prod" }
    settings        = { "log.durability" = "os", "topic.defaults.local.retention.ms" = "3600000" }
    java_options    = "-Xmx2g -Da=b"
    java_packages   = { dnf = "java-17-amazon-corretto-headless", apt = "openjdk-17-jre-headless" }
    sha256          = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
  machines = {
    instance-store = { id = "1", form = false, url = "https://example.org/firn-1.0.tar.gz", secrets = { "cold.secret.key" = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:firn-aaaaaa" } }
    ebs            = { id = "2", form = true, url = "s3://artifacts/firn-1.0.tar.gz", secrets = {} }
  }
}

module "user_data" {
  source          = "$work/terraform/modules/ec2-cluster/user-data"
  for_each        = local.machines
  broker_id       = each.value.id
  disk            = each.key
  form            = each.value.form
  release         = { url = each.value.url, sha256 = local.common.sha256 }
  secret_settings = each.value.secrets
  zone            = local.common.zone
  cluster_name    = local.common.cluster_name
  voters          = local.common.voters
  names           = local.common.names
  bucket          = local.common.bucket
  settings        = local.common.settings
  java_options    = local.common.java_options
  java_packages   = local.common.java_packages
}

output "instance-store" { value = module.user_data["instance-store"].script }
output "ebs" { value = module.user_data["ebs"].script }
EOF
  cd "$folder"
  terraform init -no-color >init.log 2>&1 || { cat init.log; return 1; }
  terraform apply -no-color -auto-approve >apply.log 2>&1 || { cat apply.log; return 1; }
  terraform output -no-color -raw instance-store >instance-store.sh
  terraform output -no-color -raw ebs >ebs.sh
}

test_user_data() {
  require_terraform
  require_gnu
  render
  bash -n "$work/user-data/instance-store.sh"
  bash -n "$work/user-data/ebs.sh"
  rm -f "$work/user-data/tested"
  bash "$here/tests/user-data.sh" "$work/user-data"
  sources >"$work/user-data/tested"
}

# What pretended machines are made of.
sources() {
  {
    cat "$work/user-data/instance-store.sh" "$work/user-data/ebs.sh" "$here"/tests/{stub,user-data.sh}
    cat "$here/../gateway/release/src/dist/systemd/firn.service"
  } | cksum
}

test_units() {
  local unit complaints
  require_terraform
  require_gnu
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is not on PATH"
  render
  [ "$(cat "$work/user-data/tested" 2>/dev/null)" = "$(sources)" ] || test_user_data # not those of another run, with other units
  for unit in firn-prepare.service firn.service; do
    complaints=$(systemd-analyze verify "$work/user-data/machine/first/etc/systemd/system/$unit" 2>&1) || complaints="$complaints (exit code $?)"
    if [ -n "$complaints" ]; then
      say "FAILED: $unit: $complaints"
      return 1
    fi
  done
  say "passed: systemd takes both units"
}

test_lint() {
  require_terraform
  command -v shellcheck >/dev/null || skip "shellcheck is not on PATH"
  render
  shellcheck --external-sources --source-path=SCRIPTDIR "$work/user-data/instance-store.sh" "$work/user-data/ebs.sh" "$here"/modules/ec2-cluster/user-data/files/{prepare,install} "$here"/modules/local-cluster/files/* "$here"/*.sh "$here"/tests/{stub,*.sh}
  say "passed: shellcheck finds nothing"
}

# What the README of the top has alarms on has a rule, and no rule asks for anything else.
test_alerts() {
  local rules=$here/modules/ec2-cluster/alerts.yaml told asked
  told=$(sed -n '/^| .*firn_.* | \(above\|not\) /p' "$here/../README.md" | cut -d'|' -f2 | grep -oE 'firn_[a-z_]+' | sort -u)
  asked=$(sed -n 's/^ *expr: //p' "$rules" | grep -oE 'firn_[a-z_]+' | sort -u)
  [ -n "$told" ] || { say 'FAILED: the README of the top names no metrics to have alarms on'; return 1; }
  diff <(printf '%s\n' "$told") <(printf '%s\n' "$asked") || { say 'FAILED: metrics that have no rule (<), and those that are not told of (>)'; return 1; }
  say "passed: rules ask for $(wc -l <<<"$told") metrics"
}

# Runs what is named; adds to result.
one() { # what
  say "== $1"
  case $1 in
    fmt) attempt test_fmt ;;
    aws) attempt test_aws ;;
    local) attempt test_local ;;
    keeps) attempt test_keeps ;;
    user-data) attempt test_user_data ;;
    units) attempt test_units ;;
    lint) attempt test_lint ;;
    alerts) attempt test_alerts ;;
    *)
      say "there is no test '$1', but ${ALL[*]}" >&2
      exit 2
      ;;
  esac
  case $code in
    0) ;;
    "$SKIPPED") [ "$result" != 0 ] || result=$SKIPPED ;;
    *) result=1 ;;
  esac
}

main() {
  local what code=0 result=0 wanted=()
  [ "${BASH_VERSINFO[0]}" -ge 4 ] || skip "bash $BASH_VERSION is too old, 4 or later is needed"
  work=""
  while [ $# -gt 0 ]; do
    case $1 in
      --work)
        mkdir -p "$2/firn-terraform-test"
        work=$(cd "$2/firn-terraform-test" && pwd -P)
        shift
        ;;
      *) wanted+=("$1") ;;
    esac
    shift
  done
  [ ${#wanted[@]} -gt 0 ] || wanted=("${ALL[@]}")
  if [ -z "$work" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
  fi
  # What is there of another run is removed: not what is tested.
  if [[ $here/ == "$work"/* ]] || [ "$work/terraform" -ef "$here" ]; then
    say "$here is in $work, where these tests make and remove files: another DIR is needed" >&2
    exit 2
  fi
  quiet_terraform
  copy
  for what in "${wanted[@]}"; do
    one "$what"
  done
  exit "$result"
}

main "$@"
