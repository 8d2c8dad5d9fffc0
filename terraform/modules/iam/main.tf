# What brokers may do in AWS: read, write and delete objects below their prefix, and see what is there. Nothing about the bucket itself, nothing in any other.

locals {
  partition = split(":", var.bucket_arn)[1]

  trust = {
    ec2 = { Sid = "Instances", Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = ["sts:AssumeRole"] }
    eks = {
      Sid = "Pods", Effect = "Allow", Principal = { Service = "pods.eks.amazonaws.com" }, Action = ["sts:AssumeRole", "sts:TagSession"]
      # Tags that EKS itself gives to the session.
      Condition = {
        ArnEquals = { "aws:RequestTag/eks-cluster-arn" = try(var.pods.eks_cluster_arn, null) }
        StringEquals = {
          "aws:RequestTag/kubernetes-namespace"       = try(var.pods.namespace, null)
          "aws:RequestTag/kubernetes-service-account" = try(var.pods.service_account, null)
        }
      }
    }
  }

  objects = var.prefix == "" ? "${var.bucket_arn}/*" : "${var.bucket_arn}/${var.prefix}/*"

  # ListBucket is also what makes S3 answer "not found" instead of "denied" for a key that is not there, which Firn depends on; S3 takes the key for the prefix then, so the condition covers it.
  list = merge(
    { Sid = "List", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [var.bucket_arn] },
    var.prefix == "" ? {} : { Condition = { StringLike = { "s3:prefix" = ["${var.prefix}/*"] } } }
  )

  statements = concat(
    [
      {
        Sid      = "Objects"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = [local.objects]
      },
      local.list,
      {
        # On its own: the request for uploads has no s3:prefix that a condition could look at, so beside ListBucket and its condition it would be denied, or the condition would have to go.
        Sid      = "ListUploads"
        Effect   = "Allow"
        Action   = ["s3:ListBucketMultipartUploads"]
        Resource = [var.bucket_arn]
      },
    ],
    length(var.kms_key_arns) == 0 ? [] : [{
      Sid       = "ObjectKeys"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = sort(var.kms_key_arns)
      Condition = { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com${local.partition == "aws-cn" ? ".cn" : ""}" } }
    }],
    length(var.secret_arns) == 0 ? [] : [{
      Sid      = "Secrets"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = sort(var.secret_arns)
    }],
    # Session Manager, and nothing else of SSM: AWS' own policy for instances (AmazonSSMManagedInstanceCore) reads every parameter of the account besides.
    var.platform == "ec2" && var.ssm ? [{
      Sid    = "Sessions"
      Effect = "Allow"
      Action = [
        "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
      ]
      Resource = ["*"]
    }] : [],
    var.release_object_arn == null ? [] : [{
      Sid      = "Release"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = [var.release_object_arn]
    }],
  )
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Brokers of Firn"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [local.trust[var.platform]] })
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  lifecycle {
    precondition {
      condition     = (var.platform == "eks") == (var.pods != null)
      error_message = "platform eks needs pods, to say whose pods take the role; ec2 has none."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "firn"
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_iam_instance_profile" "this" {
  count = var.platform == "ec2" ? 1 : 0

  name = var.name
  role = aws_iam_role.this.name
  tags = var.tags
}
