# The bucket of one Firn cluster, or of several with different prefixes. It is the only copy of what the brokers' disks do not hold any more, so Terraform never destroys it.

data "aws_partition" "current" {}

locals {
  # Known before the bucket is there, so that a plan shows the policies that name it.
  arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"

  deny = {
    for name, condition in {
      OnlyTls    = { Bool = { "aws:SecureTransport" = "false" } }
      OnlyNewTls = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
    } :
    name => {
      Sid       = name
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.arn, "${local.arn}/*"]
      Condition = condition
    }
  }
  statements = [for name in ["OnlyTls", "OnlyNewTls"] : local.deny[name]]
}

resource "aws_s3_bucket" "this" {
  count = var.create ? 1 : 0

  bucket        = var.bucket
  force_destroy = false
  tags          = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  count = var.create ? 1 : 0

  bucket                  = aws_s3_bucket.this[0].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].bucket

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

# Off. No object of a segment is ever written twice, so there is nothing an older version could bring back; and what Firn deletes, it deletes because a topic's owner wants it gone (retention, deleted topics,
# compaction), after a time of grace. With versioning all of that would stay for ever and be paid for, or need an expiration rule beside Firn's own.
resource "aws_s3_bucket_versioning" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].bucket

  versioning_configuration {
    status = "Disabled"
  }
}

# Drops what no listing shows: parts of uploads that were never completed. Nothing expires and nothing changes its storage class by itself: Firn decides what is deleted, and a rule that deletes by age
# would delete records of topics that are kept for ever.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].bucket

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.abort_multipart_days
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.this[0].bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })

  # A policy is refused as public, or not, by what the block says.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
