variable "name" {
  description = "Name of Firn's cluster, and the beginning of the names of what is made here; of the EKS cluster, too, if that is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.name))
    error_message = "name must be 1 to 32 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "eks_cluster_name" {
  description = "An EKS cluster that exists, to which nodes are added. Null: one is made."
  type        = string
  default     = null

  validation {
    condition     = var.eks_cluster_name == null || can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", var.eks_cluster_name))
    error_message = "eks_cluster_name must be the name of an EKS cluster."
  }
}

variable "kubernetes_version" {
  description = "Version of Kubernetes of a cluster that is made here, and of new nodes. Null: the newest that EKS has when the cluster is made, and that of the cluster for nodes."
  type        = string
  default     = null

  validation {
    condition     = var.kubernetes_version == null || can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version must look like 1.33."
  }
}

variable "nodes" {
  description = <<-EOT
    Groups of nodes, by ids that stay: one for each zone, as a broker whose disk is a node's own can run in that zone only. size is the number of nodes (brokers) there.
    A map and not a list: adding one touches no other. A size that is lowered ends whichever node AWS chooses: groups of one node each can be taken away one by one (README.md, "Rolling").
  EOT
  type = map(object({
    availability_zone = string
    subnet_id         = string
    size              = optional(number, 1)
  }))
  nullable = false

  validation {
    condition     = alltrue([for id in keys(var.nodes) : can(regex("^[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?$", id))])
    error_message = "The keys of nodes are 1 to 16 lower-case letters, digits and hyphens, such as \"a\"."
  }

  validation {
    condition     = alltrue([for group in var.nodes : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+[a-z]$", group.availability_zone)) && can(regex("^subnet-[0-9a-z]+$", group.subnet_id))])
    error_message = "availability_zone must look like eu-central-1a, and subnet_id like subnet-0123456789abcdef0."
  }

  validation {
    condition     = alltrue([for group in var.nodes : group.size >= 1 && group.size <= 50 && floor(group.size) == group.size])
    error_message = "size must be a whole number from 1 to 50."
  }

  validation {
    condition     = sum(concat([0], [for group in var.nodes : group.size])) >= 3 && length(distinct([for group in var.nodes : group.availability_zone])) >= 2
    error_message = "A cluster has at least 3 nodes, and EKS wants them in at least 2 zones."
  }
}

variable "voters" {
  description = "How many brokers vote: those of the first ordinals. Stays as it is when brokers are added."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = contains([3, 5, 7], var.voters)
    error_message = "voters must be 3, 5 or 7."
  }
}

variable "instance_type" {
  description = "Type of the nodes. With disk instance-store, one with local NVMe."
  type        = string
  default     = "i4g.large"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.instance_type))
    error_message = "instance_type must look like i4g.large."
  }
}

variable "disk" {
  description = "Where brokers keep what is not in the bucket alone: instance-store (NVMe of the node, as volumes of a local storage class, which needs the local volume provisioner in the cluster) or ebs (volumes of gp3)."
  type        = string
  default     = "instance-store"
  nullable    = false

  validation {
    condition     = contains(["instance-store", "ebs"], var.disk)
    error_message = "disk must be instance-store or ebs."
  }
}

variable "volume_gib" {
  description = "Size of a broker's volume claim. With instance-store, not more than the node's disk has."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = var.volume_gib >= 10 && var.volume_gib <= 16384
    error_message = "volume_gib must be 10 to 16384."
  }
}

variable "storage_class" {
  description = "Storage class of the brokers' volumes, as it is called in the cluster. Null: local-nvme with instance-store, gp3 with ebs."
  type        = string
  default     = null

  validation {
    condition     = var.storage_class == null || can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", var.storage_class))
    error_message = "storage_class must be a name of Kubernetes: lower-case letters, digits, hyphens and dots."
  }
}

variable "root_volume_gib" {
  description = "Size of the nodes' system disk, which holds container images."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.root_volume_gib >= 20 && var.root_volume_gib <= 1024
    error_message = "root_volume_gib must be 20 to 1024."
  }
}

variable "endpoint_public_access_cidrs" {
  description = "IPv4 ranges from which the API of a cluster that is made here is reached over the internet. Empty: from within the VPC only."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.endpoint_public_access_cidrs : can(cidrnetmask(cidr)) && can(regex("/([89]|[12][0-9]|3[0-2])$", cidr))])
    error_message = "endpoint_public_access_cidrs must be IPv4 ranges of /8 or smaller, not the whole internet."
  }
}

variable "secrets_kms_key_arn" {
  description = "KMS key that encrypts Kubernetes' secrets of a cluster that is made here. Null: AWS' own."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.secrets_kms_key_arn))
    error_message = "secrets_kms_key_arn must be the ARN of a key."
  }
}

variable "pod_identity_agent" {
  description = "Whether the agent that gives pods their role is installed. False where the cluster has it already."
  type        = bool
  default     = true
  nullable    = false
}

variable "image" {
  description = "Image of the brokers, for the nodes' processors: repository, such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com/firn, and a tag where it is not the chart's own. Null: helm_values name none."
  type = object({
    repository = string
    tag        = optional(string)
  })
  default = null

  validation {
    condition     = var.image == null || can(regex("^[a-z0-9][a-z0-9._/:-]*$", var.image.repository))
    error_message = "image.repository must be the name of a repository, without a tag."
  }
}

variable "namespace" {
  description = "Namespace that the chart is installed in."
  type        = string
  default     = "firn"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace must be a name of Kubernetes."
  }
}

variable "service_account" {
  description = "Service account of the brokers' pods."
  type        = string
  default     = "firn"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.service_account))
    error_message = "service_account must be a name of Kubernetes."
  }
}

variable "role_arn" {
  description = "Role of the brokers' pods (output role_arn of the module iam with platform eks)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.role_arn))
    error_message = "role_arn must be the ARN of a role."
  }
}

variable "bucket" {
  description = "Bucket of the cluster (output bucket of the module storage)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be the name of a bucket."
  }
}

variable "prefix" {
  description = "Prefix below which the cluster writes, the same as the module iam has."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.prefix == "" || can(regex("^[A-Za-z0-9_=.-]+(/[A-Za-z0-9_=.-]+)*$", var.prefix))
    error_message = "prefix must be words of letters, digits and _=.- with single slashes between them, and none at the ends."
  }
}

variable "vpc_id" {
  description = "VPC of the nodes; needed for the gateway endpoint of S3 alone."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_id == null || can(regex("^vpc-[0-9a-z]+$", var.vpc_id))
    error_message = "vpc_id must look like vpc-0123456789abcdef0."
  }
}

variable "s3_endpoint_route_table_ids" {
  description = "Route tables of the nodes' subnets, for a gateway endpoint of S3 that is made here: traffic to the bucket then costs nothing. Empty: there is one already, or none is wanted."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.s3_endpoint_route_table_ids : can(regex("^rtb-[0-9a-z]+$", id))])
    error_message = "s3_endpoint_route_table_ids must look like rtb-0123456789abcdef0."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles that are made here."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of a policy."
  }
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
  nullable    = false
}
