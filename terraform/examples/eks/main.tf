# An EKS cluster for three brokers in three zones, with a bucket of their own. The brokers themselves are brought by Helm:
#
#   terraform output -raw helm_values > values.yaml
#   helm install firn gateway/release/helm/firn --namespace firn --create-namespace --values values.yaml --set form=true
#   helm upgrade firn gateway/release/helm/firn --namespace firn --values values.yaml

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
  platform   = "eks"
  bucket_arn = module.storage.bucket_arn
  pods       = { eks_cluster_arn = module.firn.eks_cluster_arn }
}

module "firn" {
  source = "../../modules/eks-cluster"

  name                         = var.name
  nodes                        = var.nodes
  instance_type                = "i4g.large"
  role_arn                     = module.iam.role_arn
  bucket                       = module.storage.bucket
  image                        = { repository = var.image_repository }
  vpc_id                       = var.vpc_id
  s3_endpoint_route_table_ids  = var.route_table_ids
  endpoint_public_access_cidrs = var.endpoint_public_access_cidrs
}
