variable "bucket" {
  description = "Name of the bucket: of a new one, or with create = false of one that exists."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends (no dots: TLS certificates of S3 do not cover them)."
  }
}

variable "create" {
  description = "Whether the bucket is made here. Of one that exists nothing is read or changed."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key that encrypts new objects. Null: S3's own keys (SSE-S3), which cost nothing. What is there keeps the key it was written with, which the module iam has to name as long (kms_key_arns)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias: an alias may later mean another key."
  }
}

variable "abort_multipart_days" {
  description = "Days after which S3 drops the parts of an upload that was never completed, as a broker leaves them that dies in the middle of one."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.abort_multipart_days >= 1 && var.abort_multipart_days <= 30 && floor(var.abort_multipart_days) == var.abort_multipart_days
    error_message = "abort_multipart_days must be a whole number from 1 to 30: an upload takes minutes, its parts are paid for until they are dropped."
  }
}

variable "tags" {
  description = "Tags of the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}
