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
  description = "Name of the bucket, which exists."
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

variable "release" {
  description = "URL and SHA-256 of firn-VERSION.tar.gz, here by s3://."
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

variable "prefix" {
  description = "What the cluster writes lies below it."
  type        = string
}

variable "kms_key_arns" {
  description = "KMS keys of the bucket's objects, if it has any: the one of new objects, and every one of before that an object still has."
  type        = set(string)
  default     = []
}

variable "permissions_boundary_arn" {
  description = "Boundary that roles need here."
  type        = string
  default     = null
}

variable "release_object_arn" {
  description = "ARN of the release's object."
  type        = string
  default     = null
}

variable "dns_zone" {
  description = "Private zone that exists."
  type        = object({ name = string, id = string })
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3 in the region, for the gateway endpoint that the VPC has."
  type        = string
}
