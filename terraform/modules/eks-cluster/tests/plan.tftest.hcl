# The real provider, which plans without asking AWS: what is asserted on is what AWS would get.

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
  name = "prod"
  nodes = {
    a = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
    b = { availability_zone = "eu-central-1b", subnet_id = "subnet-b" }
    c = { availability_zone = "eu-central-1c", subnet_id = "subnet-c", size = 2 }
  }
  role_arn = "arn:aws:iam::111122223333:role/firn"
  bucket   = "firn-test"
}

run "a_cluster_of_its_own_with_nodes_in_each_zone" {
  command = plan

  variables {
    prefix                      = "teams/prod"
    vpc_id                      = "vpc-1"
    s3_endpoint_route_table_ids = ["rtb-1"]
    secrets_kms_key_arn         = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
    permissions_boundary_arn    = "arn:aws:iam::111122223333:policy/boundary"
    image                       = { repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/firn" }
  }

  assert {
    condition = (!aws_eks_cluster.this["this"].vpc_config[0].endpoint_public_access && aws_eks_cluster.this["this"].vpc_config[0].endpoint_private_access &&
    aws_eks_cluster.this["this"].access_config[0].authentication_mode == "API" && length(aws_eks_cluster.this["this"].encryption_config) == 1)
    error_message = "The control plane is reached from within the VPC only, and its secrets are encrypted with the key given."
  }

  assert {
    condition = { for id, group in aws_eks_node_group.this : id => "${one(group.subnet_ids)} ${group.scaling_config[0].desired_size}" } == {
    a = "subnet-a 1", b = "subnet-b 1", c = "subnet-c 2" }
    error_message = "Each zone has a group of its own, as large as was said."
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : group.ami_type == "AL2023_ARM_64_STANDARD" && group.instance_types == tolist(["i4g.large"]) && group.update_config[0].max_unavailable == 1 && length(group.taint) == 0])
    error_message = "Nodes have the image of their processor, one is replaced at a time, and in a cluster of its own everything may run on them."
  }

  assert {
    condition = (aws_launch_template.nodes.metadata_options[0].http_tokens == "required" && aws_launch_template.nodes.metadata_options[0].http_put_response_hop_limit == 1 &&
    aws_launch_template.nodes.block_device_mappings[0].ebs[0].encrypted == "true")
    error_message = "Metadata is given to IMDSv2 only and not to pods, and disks are encrypted."
  }

  assert {
    condition = yamldecode(split("--FIRN--", split("application/node.eks.aws\n\n", base64decode(aws_launch_template.nodes.user_data))[1])[0]) == {
      apiVersion = "node.eks.aws/v1alpha1", kind = "NodeConfig", spec = { instance = { localStorage = { strategy = "Mount" } } }
    }
    error_message = "The node mounts its NVMe disks."
  }

  assert {
    condition     = toset(keys(aws_eks_addon.before_nodes)) == toset(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]) && toset(keys(aws_eks_addon.after_nodes)) == toset(["coredns"])
    error_message = "The cluster has a network, names and pod identities."
  }

  assert {
    condition = (aws_eks_pod_identity_association.brokers.role_arn == "arn:aws:iam::111122223333:role/firn" && aws_eks_pod_identity_association.brokers.namespace == "firn" &&
    aws_eks_pod_identity_association.brokers.service_account == "firn")
    error_message = "The brokers' pods, and no other, have the role."
  }

  assert {
    condition     = toset(keys(aws_iam_role_policy_attachment.nodes)) == toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"])
    error_message = "Nodes may be nodes, and nothing more."
  }

  assert {
    condition     = aws_iam_role.nodes.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && aws_iam_role.cluster["this"].permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "Roles have the boundary."
  }

  assert {
    condition     = aws_vpc_endpoint.s3["s3"].service_name == "com.amazonaws.eu-central-1.s3"
    error_message = "The bucket is reached by a gateway endpoint."
  }

  assert {
    condition     = yamldecode(output.helm_values) == yamldecode(file("tests/values.yaml"))
    error_message = "The chart is told of brokers, bucket, disks, nodes and the service account."
  }

  assert {
    condition     = output.bootstrap_servers == { PLAINTEXT = "firn.firn.svc.cluster.local:9092" }
    error_message = "Clients are told the service."
  }
}

run "nodes_of_their_own_in_a_cluster_that_is_there" {
  command = plan

  variables {
    eks_cluster_name   = "shared"
    instance_type      = "m7i.large"
    disk               = "ebs"
    pod_identity_agent = false
  }

  assert {
    condition     = length(aws_eks_cluster.this) + length(aws_iam_role.cluster) + length(aws_eks_addon.before_nodes) + length(aws_eks_addon.after_nodes) == 0 && output.eks_cluster_name == "shared"
    error_message = "The cluster is left as it is."
  }

  assert {
    condition = alltrue([for group in aws_eks_node_group.this : group.cluster_name == "shared" && group.ami_type == "AL2023_x86_64_STANDARD" &&
    one(group.taint).key == "firn/cluster" && one(group.taint).value == "prod" && one(group.taint).effect == "NO_SCHEDULE"])
    error_message = "Nothing but brokers runs on the nodes."
  }

  assert {
    condition     = aws_launch_template.nodes.user_data == null
    error_message = "Nodes need to mount nothing."
  }

  assert {
    condition     = yamldecode(output.helm_values).persistence.storageClass == "gp3" && yamldecode(output.helm_values).tolerations[0].value == "prod"
    error_message = "Brokers have volumes of EBS, and may run on the nodes."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    name                         = "Prod"
    eks_cluster_name             = "-"
    kubernetes_version           = "latest"
    nodes                        = { A = { availability_zone = "here", subnet_id = "a", size = 0 } }
    instance_type                = "large"
    voters                       = 4
    disk                         = "tape"
    volume_gib                   = 1
    storage_class                = "Fast"
    root_volume_gib              = 1
    endpoint_public_access_cidrs = ["0.0.0.0/0"]
    secrets_kms_key_arn          = "alias/key"
    image                        = { repository = "Firn" }
    namespace                    = "Firn"
    service_account              = "Firn"
    role_arn                     = "firn"
    bucket                       = "Firn"
    prefix                       = "/prod"
    vpc_id                       = "main"
    s3_endpoint_route_table_ids  = ["main"]
    permissions_boundary_arn     = "boundary"
  }

  expect_failures = [
    var.name, var.eks_cluster_name, var.kubernetes_version, var.nodes, var.voters, var.instance_type, var.disk, var.volume_gib, var.storage_class, var.root_volume_gib, var.endpoint_public_access_cidrs, var.secrets_kms_key_arn,
    var.image, var.namespace, var.service_account, var.role_arn, var.bucket, var.prefix, var.vpc_id, var.s3_endpoint_route_table_ids, var.permissions_boundary_arn,
  ]
}
