variable "region" {
  description = "Region of everything."
  type        = string
}

variable "name" {
  description = "Name of the cluster."
  type        = string
  default     = "firn"
}

variable "bucket" {
  description = "Name of the bucket, which is made."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the brokers."
  type        = string
}

variable "brokers" {
  description = "Zone and subnet of each broker, by its number: \"1\", \"2\" and \"3\", and more."
  type        = map(object({ availability_zone = string, subnet_id = string }))
}

variable "route_table_ids" {
  description = "Route tables of the subnets, which get a way to S3 that costs nothing."
  type        = set(string)
}

variable "release" {
  description = "URL and SHA-256 of firn-VERSION.tar.gz."
  type        = object({ url = string, sha256 = string })
}

variable "form_cluster" {
  description = "True in the first apply, false ever after."
  type        = bool
  default     = false
}

variable "replaceable" {
  description = "Id of the broker whose machine is replaced next; otherwise empty."
  type        = set(string)
  default     = []
}

variable "client_cidrs" {
  description = "Where Kafka clients are, by names that stay."
  type        = map(string)
}

variable "monitoring_cidrs" {
  description = "Where Prometheus and operators are, by names that stay."
  type        = map(string)
  default     = {}
}

variable "egress_cidrs" {
  description = "Where release, packages and SSM are, by HTTPS, by names that stay."
  type        = map(string)
  default     = {}
}

variable "alarm_actions" {
  description = "SNS topics that are told of alarms."
  type        = set(string)
  default     = []
}
