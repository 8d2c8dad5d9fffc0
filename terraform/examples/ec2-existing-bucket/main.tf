# Brokers with volumes of EBS, below a prefix of a bucket that others made and use too, behind a load balancer, in a private zone that exists, and with a role that has a boundary.

terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region
}

module "storage" {
  source = "../../modules/storage"

  # Nothing about it is read or changed. Its owner sees to it that it has: all four blocks of public access, ownership enforced (no ACLs), encryption, in its policy what the output policy_statements says (TLS
  # alone), no expiration of what lies below the prefix, versioning off, or a rule that lets old versions go, and a rule that aborts multipart uploads.
  create = false
  bucket = var.bucket
}

module "iam" {
  source = "../../modules/iam"

  name                     = "${var.name}-brokers"
  platform                 = "ec2"
  bucket_arn               = module.storage.bucket_arn
  prefix                   = var.prefix
  kms_key_arns             = var.kms_key_arns
  permissions_boundary_arn = var.permissions_boundary_arn
  release_object_arn       = var.release_object_arn
}

module "firn" {
  source = "../../modules/ec2-cluster"

  name                  = var.name
  vpc_id                = var.vpc_id
  brokers               = var.brokers
  voters                = ["1", "2", "3"]
  form_cluster          = var.form_cluster
  replaceable           = var.replaceable
  instance_type         = "m7g.large"
  disk                  = { kind = "ebs", size_gib = 500, throughput_mib_s = 250 }
  load_balancer         = true
  dns_zone              = { name = var.dns_zone.name, id = var.dns_zone.id, create = false }
  release               = var.release
  bucket                = module.storage.bucket
  prefix                = var.prefix
  instance_profile_name = module.iam.instance_profile_name
  role_arn              = module.iam.role_arn
  client_cidrs          = var.client_cidrs
  monitoring_cidrs      = var.monitoring_cidrs
  egress_cidrs          = var.egress_cidrs
  s3_prefix_list_id     = var.s3_prefix_list_id
  alarm_actions         = var.alarm_actions

  settings = {
    # What readers that keep up need; the rest is read from the bucket.
    "topic.defaults.local.retention.ms" = "21600000"
  }
}
