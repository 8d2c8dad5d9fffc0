variable "name" {
  description = "Name of the role, and of the instance profile."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits and characters of _+=,.@-."
  }
}

variable "platform" {
  description = "Who takes the role: ec2 (instances, by an instance profile) or eks (pods, by EKS Pod Identity)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["ec2", "eks"], var.platform)
    error_message = "platform must be ec2 or eks."
  }
}

variable "pods" {
  description = "With platform eks, whose pods take the role: those of one service account, in one namespace of one EKS cluster. A trust in EKS without these would be one in every cluster of the account."
  type = object({
    eks_cluster_arn = string
    namespace       = optional(string, "firn")
    service_account = optional(string, "firn")
  })
  default = null

  validation {
    condition     = var.pods == null || can(regex("^arn:aws[a-z-]*:eks:[a-z0-9-]+:[0-9]{12}:cluster/[A-Za-z0-9_-]+$", var.pods.eks_cluster_arn))
    error_message = "pods.eks_cluster_arn must be the ARN of one EKS cluster (arn:aws:eks:REGION:ACCOUNT:cluster/NAME)."
  }

  validation {
    condition     = var.pods == null || alltrue([for name in [try(var.pods.namespace, ""), try(var.pods.service_account, "")] : can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", name))])
    error_message = "pods.namespace and pods.service_account must be names of Kubernetes."
  }
}

variable "bucket_arn" {
  description = "ARN of the bucket (output bucket_arn of the module storage)."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:s3:::[^/*]+$", var.bucket_arn))
    error_message = "bucket_arn must be the ARN of one bucket (arn:aws:s3:::NAME), without a key and without a star."
  }
}

variable "prefix" {
  description = "Prefix below which this cluster writes (cold.prefix). Empty: the whole bucket is its own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.prefix == "" || can(regex("^[A-Za-z0-9_=.-]+(/[A-Za-z0-9_=.-]+)*$", var.prefix))
    error_message = "prefix must be words of letters, digits and _=.- with single slashes between them, and none at the ends: a star would be a pattern in the policy."
  }
}

variable "kms_key_arns" {
  description = "KMS keys of the bucket's objects; none with S3's own keys. When the bucket gets another key, it is added: what was written with the one before can be read as long as that one is named, too."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[^*]+$", arn))])
    error_message = "kms_key_arns must be ARNs of single keys (arn:aws:kms:REGION:ACCOUNT:key/ID)."
  }
}

variable "secret_arns" {
  description = "Secrets of AWS Secrets Manager that the brokers read when they start."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.secret_arns : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*]+$", arn))])
    error_message = "secret_arns must be ARNs of single secrets (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX), without a star."
  }
}

variable "release_object_arn" {
  description = "The release's object in S3, where the brokers install it from there; null if from elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.release_object_arn == null || can(regex("^arn:aws[a-z-]*:s3:::[^/*]+/[^*]+$", var.release_object_arn))
    error_message = "release_object_arn must be the ARN of one object (arn:aws:s3:::BUCKET/KEY)."
  }
}

variable "ssm" {
  description = "Whether instances may be reached by SSM Session Manager, instead of SSH. Of platform ec2 only."
  type        = bool
  default     = true
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role, where an organisation demands one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of a policy (arn:aws:iam::ACCOUNT:policy/NAME)."
  }
}

variable "tags" {
  description = "Tags of the role and the instance profile."
  type        = map(string)
  default     = {}
  nullable    = false
}
