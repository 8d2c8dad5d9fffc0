# Nodes for brokers on EKS, in a cluster that is there or one that is made here; the role of the brokers' pods; and the values for the Helm chart, which brings the brokers. There is no provider for
# Kubernetes here: what is inside the cluster is Helm's.

data "aws_partition" "current" {}

locals {
  tags      = merge({ "firn:cluster" = var.name }, var.tags)
  partition = data.aws_partition.current.partition
  region    = regex("^[a-z]{2}(?:-[a-z]+)+-[0-9]+", values(var.nodes)[0].availability_zone)
  made      = var.eks_cluster_name == null
  identity  = { name = var.name, eks_cluster_name = var.eks_cluster_name, bucket = var.bucket, prefix = var.prefix, disk = var.disk }
  cluster   = local.made ? aws_eks_cluster.this["this"].name : var.eks_cluster_name

  arm64 = can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type))
  # Families with local NVMe: storage optimised ones, and those with a d behind their generation.
  with_nvme = "^(i3|i3en|i4i|i4g|i7i|i7ie|i8g|i8ge|im4gn|is4gen|z1d|x2gd|x2iedn|x2idn|[cmr][5-9][a-z]*d[a-z]*)\\."

  storage_class = coalesce(var.storage_class, var.disk == "ebs" ? "gp3" : "local-nvme")
  node_labels   = { "firn/cluster" = var.name }

  # Each disk of the node is mounted below /mnt/k8s-disks, where the local volume provisioner finds it.
  node_config = yamlencode({
    apiVersion = "node.eks.aws/v1alpha1"
    kind       = "NodeConfig"
    spec       = { instance = { localStorage = { strategy = "Mount" } } }
  })
  user_data = join("\n", [
    "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=\"FIRN\"", "",
    "--FIRN", "Content-Type: application/node.eks.aws", "", local.node_config,
    "--FIRN--", "",
  ])

  # No node is ready without a network, and without a node CoreDNS has nowhere to run.
  add_ons_before_nodes = toset(concat(local.made ? ["vpc-cni", "kube-proxy"] : [], var.pod_identity_agent ? ["eks-pod-identity-agent"] : []))
  add_ons_after_nodes  = toset(local.made ? ["coredns"] : [])
}

# What the nodes and their brokers were made with, and have for ever: with another name, or in another EKS cluster, all nodes would be others; with another bucket or other disks, brokers would begin anew.
resource "terraform_data" "identity" {
  input = local.identity

  lifecycle {
    ignore_changes = [input]
  }
}

resource "terraform_data" "checks" {
  lifecycle {
    precondition {
      condition     = jsonencode(terraform_data.identity.input) == jsonencode(local.identity)
      error_message = "name, eks_cluster_name, bucket, prefix and disk cannot be changed while there are nodes, but ${join(", ", [for key, value in local.identity : key if value != try(terraform_data.identity.input[key], null)])} would be: nodes would be replaced at once, with the disks of their brokers, or brokers would leave what they have in the bucket and on their disks. Make another cluster beside it."
    }

    precondition {
      condition     = var.disk == "ebs" || can(regex(local.with_nvme, var.instance_type))
      error_message = "With disk instance-store, nodes need local NVMe, which ${var.instance_type} has not: take a type such as i4g.large, i4i.xlarge or m7gd.2xlarge, or disk ebs."
    }

    precondition {
      condition     = var.voters <= sum([for group in var.nodes : group.size])
      error_message = "voters must not be more than there are nodes."
    }

    precondition {
      condition     = length(var.s3_endpoint_route_table_ids) == 0 || var.vpc_id != null
      error_message = "s3_endpoint_route_table_ids need vpc_id."
    }
  }
}

# --- the control plane, if it is made here ---------------------------------------------------------------------------------------

resource "aws_iam_role" "cluster" {
  for_each = toset(local.made ? ["this"] : [])

  name                 = "${var.name}-eks"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "ControlPlane", Effect = "Allow", Principal = { Service = "eks.amazonaws.com" }, Action = ["sts:AssumeRole"] }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  for_each = aws_iam_role.cluster

  role       = each.value.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_eks_cluster" "this" {
  for_each = aws_iam_role.cluster

  name                          = var.name
  version                       = var.kubernetes_version
  role_arn                      = each.value.arn
  enabled_cluster_log_types     = ["api", "audit", "authenticator"]
  bootstrap_self_managed_addons = false
  tags                          = local.tags

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }

  vpc_config {
    subnet_ids              = distinct([for group in values(var.nodes) : group.subnet_id])
    endpoint_private_access = true
    endpoint_public_access  = length(var.endpoint_public_access_cidrs) > 0
    public_access_cidrs     = length(var.endpoint_public_access_cidrs) > 0 ? var.endpoint_public_access_cidrs : null
  }

  dynamic "encryption_config" {
    for_each = var.secrets_kms_key_arn == null ? [] : [var.secrets_kms_key_arn]

    content {
      resources = ["secrets"]

      provider {
        key_arn = encryption_config.value
      }
    }
  }

  # With it all brokers would go, and the disks of their nodes: another key for secrets, or eks_cluster_name for a cluster that was made here, would replace or destroy it.
  lifecycle {
    prevent_destroy = true
  }

  depends_on = [aws_iam_role_policy_attachment.cluster]
}

resource "aws_eks_addon" "before_nodes" {
  for_each = local.add_ons_before_nodes

  cluster_name = local.cluster
  addon_name   = each.key
  tags         = local.tags
}

resource "aws_eks_addon" "after_nodes" {
  for_each = local.add_ons_after_nodes

  cluster_name = local.cluster
  addon_name   = each.key
  tags         = local.tags

  depends_on = [aws_eks_node_group.this]
}

# --- nodes -----------------------------------------------------------------------------------------------------------------------

resource "aws_iam_role" "nodes" {
  name                 = "${var.name}-nodes"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Instances", Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = ["sts:AssumeRole"] }]
  })
}

# What a node needs to be one; nothing of it lets a pod reach the bucket.
resource "aws_iam_role_policy_attachment" "nodes" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.nodes.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.key}"
}

resource "aws_launch_template" "nodes" {
  name_prefix            = "${var.name}-nodes-"
  update_default_version = true
  user_data              = var.disk == "instance-store" ? base64encode(local.user_data) : null
  tags                   = local.tags

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted             = true
      volume_size           = var.root_volume_gib
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = merge(local.tags, { Name = "${var.name}-nodes" })
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_eks_node_group" "this" {
  for_each = var.nodes

  cluster_name    = local.cluster
  node_group_name = "${var.name}-${each.key}"
  node_role_arn   = aws_iam_role.nodes.arn
  subnet_ids      = [each.value.subnet_id]
  instance_types  = [var.instance_type]
  ami_type        = local.arm64 ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD"
  capacity_type   = "ON_DEMAND"
  version         = local.made ? var.kubernetes_version : null
  labels          = local.node_labels
  tags            = local.tags

  scaling_config {
    min_size     = each.value.size
    desired_size = each.value.size
    # A node more, while one is replaced.
    max_size = each.value.size + 1
  }

  update_config {
    max_unavailable = 1
  }

  # In a cluster of its own there is nobody to keep away, and what belongs to Kubernetes needs a place.
  dynamic "taint" {
    for_each = local.made ? [] : ["NO_SCHEDULE"]

    content {
      key    = "firn/cluster"
      value  = var.name
      effect = taint.value
    }
  }

  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }

  lifecycle {
    # A plain apply replaces no node: another type, image or version would do that in all zones at once, and take the nodes' disks along. They reach nodes when a group is made:
    # terraform apply -replace, one after the other (README.md, "Rolling").
    ignore_changes = [version, release_version, ami_type, instance_types, launch_template, subnet_ids]

    postcondition {
      condition     = self.subnet_ids == toset([each.value.subnet_id])
      error_message = "Node group ${each.key} is in ${join(", ", self.subnet_ids)}, and cannot move: add a group with another id in ${each.value.subnet_id}, and take this one away when its brokers are drained."
    }
  }

  depends_on = [terraform_data.checks, aws_iam_role_policy_attachment.nodes, aws_eks_addon.before_nodes]
}

# --- the brokers' role, and the bucket -------------------------------------------------------------------------------------------

resource "aws_eks_pod_identity_association" "brokers" {
  cluster_name    = local.cluster
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = var.role_arn
  tags            = local.tags
}

resource "aws_vpc_endpoint" "s3" {
  for_each = toset(length(var.s3_endpoint_route_table_ids) > 0 ? ["s3"] : [])

  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.s3_endpoint_route_table_ids
  tags              = merge(local.tags, { Name = "${var.name}-s3" })

  depends_on = [terraform_data.checks]
}
