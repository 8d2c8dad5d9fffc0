# The real provider, which plans without asking AWS.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

variables {
  bucket = "firn-test"
}

run "a_new_bucket_is_closed_and_deletes_nothing_by_itself" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this[0].bucket == "firn-test" && aws_s3_bucket.this[0].force_destroy == false
    error_message = "The bucket has the name it was given, and is not emptied by Terraform."
  }

  assert {
    condition = alltrue([for block in aws_s3_bucket_public_access_block.this :
    block.bucket == "firn-test" && block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "Public access is blocked in all four ways."
  }

  assert {
    condition     = length(aws_s3_bucket_public_access_block.this) == 1
    error_message = "The new bucket has a public access block."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this[0].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Objects belong to the bucket's owner, whoever writes them."
  }

  assert {
    condition = one([for rule in aws_s3_bucket_server_side_encryption_configuration.this[0].rule :
    one(rule.apply_server_side_encryption_by_default[*].sse_algorithm)]) == "AES256"
    error_message = "Without a key of one's own, objects are encrypted by S3's."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this[0].versioning_configuration[0].status == "Disabled"
    error_message = "Versioning is off."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this[0].rule) == 1
    error_message = "There is one lifecycle rule."
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule :
      rule.status == "Enabled" && one(rule.abort_incomplete_multipart_upload[*].days_after_initiation) == 3 &&
    length(rule.expiration) == 0 && length(rule.transition) == 0 && length(rule.noncurrent_version_expiration) == 0])
    error_message = "The one rule aborts uploads, and neither expires nor moves anything: Firn owns deletion."
  }

  assert {
    condition = toset([for statement in jsondecode(aws_s3_bucket_policy.this[0].policy).Statement : jsonencode(statement)]) == toset([
      jsonencode({
        Action   = "s3:*", Condition = { Bool = { "aws:SecureTransport" = "false" } }, Effect = "Deny", Principal = "*",
        Resource = ["arn:aws:s3:::firn-test", "arn:aws:s3:::firn-test/*"], Sid = "OnlyTls"
      }),
      jsonencode({
        Action   = "s3:*", Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }, Effect = "Deny", Principal = "*",
        Resource = ["arn:aws:s3:::firn-test", "arn:aws:s3:::firn-test/*"], Sid = "OnlyNewTls"
      }),
    ])
    error_message = "Requests without TLS, or with one older than 1.2, are denied to everybody, for bucket and objects, and nothing else is in the policy."
  }

  assert {
    condition     = output.bucket == "firn-test" && output.bucket_arn == "arn:aws:s3:::firn-test" && output.kms_key_arn == null
    error_message = "Name and ARN are known before the bucket is there."
  }
}

run "a_key_of_ones_own_encrypts_with_few_calls" {
  command = plan

  variables {
    kms_key_arn          = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
    abort_multipart_days = 7
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this[0].rule : rule.bucket_key_enabled &&
      one(rule.apply_server_side_encryption_by_default[*].sse_algorithm) == "aws:kms" &&
    one(rule.apply_server_side_encryption_by_default[*].kms_master_key_id) == "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"])
    error_message = "The key is used, by way of a bucket key (one call to KMS for many objects)."
  }

  assert {
    condition     = output.kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
    error_message = "The role is told of the key."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this[0].rule[0].abort_incomplete_multipart_upload[*].days_after_initiation) == 7
    error_message = "The days are the ones given."
  }
}

run "of_an_existing_bucket_nothing_is_changed" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition = length(concat(aws_s3_bucket.this, aws_s3_bucket_public_access_block.this, aws_s3_bucket_ownership_controls.this, aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this, aws_s3_bucket_lifecycle_configuration.this, aws_s3_bucket_policy.this)) == 0
    error_message = "No resource touches a bucket that is not ours."
  }

  assert {
    condition     = output.bucket == "firn-test" && output.bucket_arn == "arn:aws:s3:::firn-test"
    error_message = "It is named all the same."
  }

  assert {
    condition     = [for statement in jsondecode(output.policy_statements) : statement.Sid] == ["OnlyTls", "OnlyNewTls"] && jsondecode(output.policy_statements)[0].Resource == ["arn:aws:s3:::firn-test", "arn:aws:s3:::firn-test/*"]
    error_message = "Its owner is told what its policy needs."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    bucket               = "Firn.Test"
    kms_key_arn          = "alias/firn"
    abort_multipart_days = 0
  }

  expect_failures = [var.bucket, var.kms_key_arn, var.abort_multipart_days]
}
