output "bootstrap_servers" {
  description = "What Kafka clients are given, by security protocol."
  value       = module.firn.bootstrap_servers
}

output "brokers" {
  description = "Each broker by its id."
  value       = module.firn.brokers
}

output "bucket" {
  description = "Bucket and prefix."
  value       = module.firn.bucket
}

output "security_group_ids" {
  description = "Security groups."
  value       = module.firn.security_group_ids
}

output "role" {
  description = "Role of the brokers."
  value       = module.firn.role
}

output "dns" {
  description = "Private zone and bootstrap name."
  value       = module.firn.dns
}

output "prometheus_scrape_config" {
  description = "An entry of scrape_configs of Prometheus."
  value       = module.firn.prometheus_scrape_config
}

output "prometheus_alert_rules" {
  description = "A file of rules for Prometheus."
  value       = module.firn.prometheus_alert_rules
}

output "bucket_policy_statements" {
  description = "What the policy of the bucket has to say at least."
  value       = module.storage.policy_statements
}
