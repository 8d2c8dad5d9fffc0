output "bootstrap_servers" {
  description = "What Kafka clients are given, by security protocol."
  value       = { PLAINTEXT = "${local.bootstrap}:${local.ports.kafka}" }
}

output "brokers" {
  description = "Each broker by its id: name, address, zone and machine."
  value = {
    for id, broker in var.brokers : id => {
      dns               = local.names[id]
      kafka             = "${local.names[id]}:${local.ports.kafka}"
      http              = "http://${local.names[id]}:${local.ports.http}"
      availability_zone = broker.availability_zone
      private_ip        = aws_network_interface.broker[id].private_ip
      instance_id       = aws_instance.broker[id].id
      volume_id         = try(aws_ebs_volume.broker[id].id, null)
    }
  }
}

output "bucket" {
  description = "Bucket, and the prefix in it."
  value       = { name = var.bucket, prefix = var.prefix }
}

output "security_group_ids" {
  description = "Security groups: of the brokers, and of the load balancer if there is one."
  value       = { brokers = aws_security_group.brokers.id, load_balancer = one(values(aws_security_group.load_balancer)[*].id) }
}

output "role" {
  description = "Role of the brokers, as it was given: its ARN, and the instance profile that has it."
  value       = { arn = var.role_arn, instance_profile_name = var.instance_profile_name }
}

output "dns" {
  description = "Private zone, and the name that clients are given."
  value       = { zone_id = local.zone_id, zone_name = var.dns_zone.name, bootstrap = local.bootstrap }
}

output "prometheus_scrape_config" {
  description = "An entry of scrape_configs of Prometheus."
  value = yamlencode([{
    job_name     = "firn-${var.name}"
    metrics_path = "/metrics"
    static_configs = [for id in sort(keys(var.brokers)) : {
      targets = ["${local.names[id]}:${local.ports.http}"]
      labels  = { cluster = var.name, broker = id, zone = var.brokers[id].availability_zone }
    }]
  }])
}

output "prometheus_alert_rules" {
  description = "A file of rules for Prometheus: what to be woken for. The same for every cluster."
  value       = file("${path.module}/alerts.yaml")
}
