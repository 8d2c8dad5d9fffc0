output "bootstrap_servers" {
  description = "What Kafka clients are given, by security protocol, once all brokers serve."
  value       = { PLAINTEXT = join(",", [for id in sort(keys(var.brokers)) : terraform_data.ready.output[id].kafka]) }
}

output "brokers" {
  description = "Each broker by its id: addresses, and the folder with its settings (firn.yaml), data, log and process id (pid)."
  value       = terraform_data.ready.output
}

output "bucket" {
  description = "The folder that stands for the bucket."
  value       = "${var.directory}/cold"
}
