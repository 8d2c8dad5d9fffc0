output "script" {
  description = "What the broker's machine does when it is made."
  value       = local.script
}

output "user_data" {
  description = "The same as EC2 gets it: compressed, in Base64."
  value       = local.user_data

  precondition {
    condition     = length(local.user_data) * 3 / 4 <= 16384
    error_message = "User-data is limited to 16 KiB by EC2, but this one has ${length(local.user_data) * 3 / 4} bytes: settings of that size belong elsewhere."
  }
}

output "config" {
  description = "The broker's firn.yaml."
  value       = yamlencode(local.config)
}

output "own_settings" {
  description = "Keys of the settings that the module itself makes."
  value       = sort(concat(keys(local.own), ["cold.prefix"]))
}

output "ports" {
  description = "Ports of every broker."
  value       = local.ports
}

output "volume_device" {
  description = "Name that a broker's volume is attached as, below /dev."
  value       = local.volume_device
}
