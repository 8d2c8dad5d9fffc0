variable "broker_id" {
  description = "Number of the broker (node.id)."
  type        = string
}

variable "zone" {
  description = "Zone the broker runs in (node.rack)."
  type        = string
}

variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "voters" {
  description = "Ids of the brokers that vote."
  type        = list(string)
}

variable "names" {
  description = "Private DNS name of each broker, by id."
  type        = map(string)
}

variable "bucket" {
  description = "Bucket of the cluster, with region, and the prefix below which the cluster writes."
  type = object({
    name   = string
    region = string
    prefix = string
  })
}

variable "release" {
  description = "Release to install."
  type = object({
    url    = string
    sha256 = string
  })
}

variable "disk" {
  description = "instance-store or ebs."
  type        = string
}

variable "form" {
  description = "Whether the broker is told to form the cluster."
  type        = bool
}

variable "settings" {
  description = "Further settings, by Firn's keys."
  type        = map(string)
}

variable "secret_settings" {
  description = "ARNs of the secrets that settings are taken from, by Firn's keys."
  type        = map(string)
}

variable "java_options" {
  description = "Further JVM options."
  type        = string
}

variable "java_packages" {
  description = "Package of a Java runtime, by package manager."
  type = object({
    dnf = string
    apt = string
  })
}
