locals {
  size = sum([for group in var.nodes : group.size])

  # As the chart calls them for a release called firn.
  service = "firn.${var.namespace}.svc.cluster.local"
  brokers = "firn-brokers.${var.namespace}.svc.cluster.local"
}

output "eks_cluster_name" {
  description = "EKS cluster."
  value       = local.cluster
}

output "eks_cluster_arn" {
  description = "ARN of an EKS cluster that was made here, which the module iam wants to know; null with one that was there."
  value       = one([for cluster in aws_eks_cluster.this : cluster.arn])
}

output "bucket" {
  description = "Bucket, and the prefix in it."
  value       = { name = var.bucket, prefix = var.prefix }
}

output "role_arn" {
  description = "Role of the brokers' pods."
  value       = var.role_arn
}

output "node_role_arn" {
  description = "Role of the nodes, which may not touch the bucket."
  value       = aws_iam_role.nodes.arn
}

output "security_group_ids" {
  description = "Security group that EKS made for control plane and nodes; null with a cluster that was there."
  value       = { cluster = one([for cluster in aws_eks_cluster.this : cluster.vpc_config[0].cluster_security_group_id]) }
}

output "dns" {
  description = "Names within the cluster, as the chart makes them for a release called firn."
  value       = { brokers = local.brokers, bootstrap = local.service }
}

output "bootstrap_servers" {
  description = "What Kafka clients within the cluster are given, by security protocol, with a release called firn."
  value       = { PLAINTEXT = "${local.service}:9092" }
}

output "brokers" {
  description = "How many brokers run in which zone."
  value       = { for id, group in var.nodes : id => { availability_zone = group.availability_zone, size = group.size } }
}

output "helm_values" {
  description = "Values for the chart: terraform output -raw helm_values > values.yaml."
  value = yamlencode({ for key, value in {
    image          = var.image == null ? null : { for key, value in var.image : key => value if value != null }
    replicas       = local.size
    voters         = var.voters
    clusterName    = var.name
    cold           = { provider = "s3", bucket = var.bucket, region = local.region, prefix = var.prefix }
    settings       = { "cold.path.style" = "false" }
    serviceAccount = { create = true, name = var.service_account }
    persistence    = { storageClass = local.storage_class, size = "${var.volume_gib}Gi" }
    nodeSelector   = local.node_labels
    tolerations    = local.made ? [] : [{ key = "firn/cluster", operator = "Equal", value = var.name, effect = "NoSchedule" }]
  } : key => value if value != null })
}

output "node_groups" {
  description = "Node groups by their ids."
  value       = { for id, group in aws_eks_node_group.this : id => group.id }
}
