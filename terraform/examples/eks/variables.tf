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
  description = "VPC of the nodes."
  type        = string
}

variable "nodes" {
  description = "Zone and subnet of each group of nodes, by an id that stays."
  type        = map(object({ availability_zone = string, subnet_id = string, size = optional(number, 1) }))
}

variable "image_repository" {
  description = "Repository of the brokers' image, such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com/firn."
  type        = string
}

variable "route_table_ids" {
  description = "Route tables of the subnets, which get a way to S3 that costs nothing."
  type        = set(string)
}

variable "endpoint_public_access_cidrs" {
  description = "From where kubectl and Helm reach the cluster over the internet; nowhere if empty."
  type        = set(string)
  default     = []
}
