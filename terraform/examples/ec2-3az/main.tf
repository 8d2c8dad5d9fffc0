# Three brokers in three zones, each on the NVMe disk of its machine, with a bucket of their own.

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

  bucket = var.bucket
}

module "iam" {
  source = "../../modules/iam"

  name       = "${var.name}-brokers"
  platform   = "ec2"
  bucket_arn = module.storage.bucket_arn
}

module "firn" {
  source = "../../modules/ec2-cluster"

  name                        = var.name
  vpc_id                      = var.vpc_id
  brokers                     = var.brokers
  voters                      = ["1", "2", "3"]
  form_cluster                = var.form_cluster
  replaceable                 = var.replaceable
  instance_type               = "i4g.large"
  release                     = var.release
  bucket                      = module.storage.bucket
  instance_profile_name       = module.iam.instance_profile_name
  role_arn                    = module.iam.role_arn
  client_cidrs                = var.client_cidrs
  monitoring_cidrs            = var.monitoring_cidrs
  egress_cidrs                = var.egress_cidrs
  s3_endpoint_route_table_ids = var.route_table_ids
  alarm_actions               = var.alarm_actions

  settings = {
    # What readers that keep up need; the rest is read from the bucket.
    "topic.defaults.local.retention.ms" = "21600000"
  }
}
