output "eks_cluster_name" {
  description = "EKS cluster."
  value       = module.firn.eks_cluster_name
}

output "helm_values" {
  description = "Values for the chart."
  value       = module.firn.helm_values
}

output "bootstrap_servers" {
  description = "What Kafka clients within the cluster are given, by security protocol."
  value       = module.firn.bootstrap_servers
}

output "bucket" {
  description = "Bucket and prefix."
  value       = module.firn.bucket
}

output "role_arn" {
  description = "Role of the brokers' pods."
  value       = module.iam.role_arn
}
