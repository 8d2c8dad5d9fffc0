# The real provider, which plans without asking AWS: the policies asserted on are the ones that AWS would get.

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
  name       = "firn-test"
  platform   = "ec2"
  bucket_arn = "arn:aws:s3:::firn-test"
}

run "brokers_may_do_what_they_do_below_their_prefix_and_nothing_else" {
  command = plan

  variables {
    prefix = "teams/prod"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid    = "Objects", Effect = "Allow", Resource = ["arn:aws:s3:::firn-test/teams/prod/*"]
          Action = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        },
        {
          Sid    = "List", Effect = "Allow", Resource = ["arn:aws:s3:::firn-test"]
          Action = ["s3:ListBucket"], Condition = { StringLike = { "s3:prefix" = ["teams/prod/*"] } }
        },
        {
          Sid    = "ListUploads", Effect = "Allow", Resource = ["arn:aws:s3:::firn-test"]
          Action = ["s3:ListBucketMultipartUploads"]
        },
        {
          Sid = "Sessions", Effect = "Allow", Resource = ["*"]
          Action = [
            "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
          ]
        },
      ]
    }))
    error_message = "The policy is this one, to the letter."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [
      jsondecode(jsonencode({ Sid = "Instances", Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = ["sts:AssumeRole"] }))
    ]
    error_message = "Instances take the role, and nobody else."
  }

  assert {
    condition     = output.instance_profile_name == "firn-test" && aws_iam_instance_profile.this[0].role == "firn-test"
    error_message = "The instance profile has the role."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == null
    error_message = "There is no boundary unless one is given."
  }
}

run "a_bucket_of_ones_own_needs_no_prefix" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[0].Resource == ["arn:aws:s3:::firn-test/*"]
    error_message = "All objects of the bucket, and of no other."
  }

  assert {
    condition     = !can(jsondecode(aws_iam_role_policy.this.policy).Statement[1].Condition)
    error_message = "Listing is not limited."
  }
}

run "key_secrets_release_and_boundary_are_the_ones_given" {
  command = plan

  variables {
    bucket_arn               = "arn:aws-cn:s3:::firn-test"
    kms_key_arns             = ["arn:aws-cn:kms:cn-north-1:111122223333:key/new", "arn:aws-cn:kms:cn-north-1:111122223333:key/before"]
    secret_arns              = ["arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:b-aaaaaa", "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a-aaaaaa"]
    release_object_arn       = "arn:aws-cn:s3:::artifacts/firn-1.0.tar.gz"
    permissions_boundary_arn = "arn:aws-cn:iam::111122223333:policy/boundary"
    ssm                      = false
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if contains(["ObjectKeys", "Secrets", "Release"], statement.Sid)] == jsondecode(jsonencode([
      {
        Sid    = "ObjectKeys", Effect = "Allow", Resource = ["arn:aws-cn:kms:cn-north-1:111122223333:key/before", "arn:aws-cn:kms:cn-north-1:111122223333:key/new"]
        Action = ["kms:Decrypt", "kms:GenerateDataKey"], Condition = { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com.cn" } }
      },
      {
        Sid      = "Secrets", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"]
        Resource = ["arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a-aaaaaa", "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:b-aaaaaa"]
      },
      { Sid = "Release", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:aws-cn:s3:::artifacts/firn-1.0.tar.gz"] },
    ]))
    error_message = "Keys are used by way of S3 only, the one of before like the new one, and secrets and release are named one by one."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws-cn:iam::111122223333:policy/boundary"
    error_message = "The role has the boundary."
  }

  assert {
    condition     = !contains(jsondecode(aws_iam_role_policy.this.policy).Statement[*].Sid, "Sessions")
    error_message = "Without ssm, Session Manager is not allowed."
  }
}

run "pods_take_the_role_by_pod_identity" {
  command = plan

  variables {
    platform = "eks"
    pods     = { eks_cluster_arn = "arn:aws:eks:eu-central-1:111122223333:cluster/prod", namespace = "logs" }
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [
      jsondecode(jsonencode({
        Sid = "Pods", Effect = "Allow", Principal = { Service = "pods.eks.amazonaws.com" }, Action = ["sts:AssumeRole", "sts:TagSession"]
        Condition = {
          ArnEquals    = { "aws:RequestTag/eks-cluster-arn" = "arn:aws:eks:eu-central-1:111122223333:cluster/prod" }
          StringEquals = { "aws:RequestTag/kubernetes-namespace" = "logs", "aws:RequestTag/kubernetes-service-account" = "firn" }
        }
      }))
    ]
    error_message = "Pods of the one service account take the role, no others, and no instances."
  }

  assert {
    condition     = length(aws_iam_instance_profile.this) == 0 && !contains(jsondecode(aws_iam_role_policy.this.policy).Statement[*].Sid, "Sessions") && output.instance_profile_name == null
    error_message = "There is nothing of instances."
  }
}

run "pods_of_whatever_cluster_are_refused" {
  command = plan

  variables {
    platform = "eks"
  }

  expect_failures = [aws_iam_role.this]
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    name                     = "a name"
    platform                 = "lambda"
    pods                     = { eks_cluster_arn = "arn:aws:eks:eu-central-1:111122223333:cluster/*" }
    bucket_arn               = "arn:aws:s3:::*"
    prefix                   = "/prod/*"
    kms_key_arns             = ["arn:aws:kms:eu-central-1:111122223333:key/*"]
    secret_arns              = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:*"]
    release_object_arn       = "arn:aws:s3:::artifacts/*"
    permissions_boundary_arn = "boundary"
  }

  expect_failures = [
    var.name, var.platform, var.pods, var.bucket_arn, var.prefix, var.kms_key_arns, var.secret_arns, var.release_object_arn, var.permissions_boundary_arn,
  ]
}
