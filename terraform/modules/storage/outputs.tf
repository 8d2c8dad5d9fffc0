output "bucket" {
  description = "Name of the bucket (cold.bucket)."
  value       = var.create ? aws_s3_bucket.this[0].bucket : var.bucket
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = local.arn
}

output "kms_key_arn" {
  description = "KMS key of new objects; null with S3's own keys. The brokers' role needs it, and those of older objects."
  value       = var.kms_key_arn
}

output "policy_statements" {
  description = "What the bucket's policy has to say at least, as JSON: for the owner of a bucket that is not made here, to add to its policy."
  value       = jsonencode(local.statements)
}
