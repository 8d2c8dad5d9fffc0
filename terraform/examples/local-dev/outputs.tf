output "bootstrap_servers" {
  description = "What Kafka clients are given, by security protocol."
  value       = module.firn.bootstrap_servers
}

output "brokers" {
  description = "Addresses, folders, logs and process ids."
  value       = module.firn.brokers
}

output "bucket" {
  description = "The folder that stands for the bucket."
  value       = module.firn.bucket
}
