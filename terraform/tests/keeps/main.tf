# A cluster on EC2, nodes on EKS and a bucket, of which there.json is the state. What changes is in *.vars.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

variable "ec2" {
  type = any
}

variable "eks" {
  type = any
}

variable "bucket" {
  type    = string
  default = "firn-test"
}

module "storage" {
  source = "./modules/storage"

  bucket = var.bucket
}

module "ec2" {
  source = "./modules/ec2-cluster"

  name                  = "prod"
  vpc_id                = "vpc-1"
  brokers               = var.ec2.brokers
  voters                = try(var.ec2.voters, ["1", "2", "3"])
  image_id              = try(var.ec2.image_id, "ami-1")
  instance_type         = try(var.ec2.instance_type, "m7g.large")
  disk                  = try(var.ec2.disk, { kind = "ebs" })
  dns_zone              = try(var.ec2.dns_zone, {})
  settings              = try(var.ec2.settings, {})
  root_volume_gib       = try(var.ec2.root_volume_gib, 16)
  release               = try(var.ec2.release, { url = "https://example.org/firn-1.0.tar.gz", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" })
  bucket                = try(var.ec2.bucket, "firn-test")
  instance_profile_name = "firn-test"
}

module "eks" {
  source = "./modules/eks-cluster"

  name                        = "prod"
  nodes                       = var.eks.nodes
  eks_cluster_name            = try(var.eks.eks_cluster_name, null)
  kubernetes_version          = try(var.eks.kubernetes_version, "1.31")
  instance_type               = try(var.eks.instance_type, "i4g.large")
  voters                      = try(var.eks.voters, 3)
  root_volume_gib             = try(var.eks.root_volume_gib, 30)
  secrets_kms_key_arn         = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
  s3_endpoint_route_table_ids = try(var.eks.s3_endpoint_route_table_ids, [])
  role_arn                    = "arn:aws:iam::111122223333:role/firn"
  bucket                      = try(var.eks.bucket, "firn-test")
  prefix                      = try(var.eks.prefix, "")
  disk                        = try(var.eks.disk, "instance-store")
}
