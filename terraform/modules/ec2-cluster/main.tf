# Brokers on EC2, each with an id, an address and a name that stay, whatever becomes of its machine. What is made for a broker is made by its id, so that a change for one touches no other.

locals {
  tags   = merge({ "firn:cluster" = var.name }, var.tags)
  region = regex("^[a-z]{2}(?:-[a-z]+)+-[0-9]+", values(var.brokers)[0].availability_zone)

  types = { for id, broker in var.brokers : id => coalesce(broker.instance_type, var.instance_type) }
  # Families of Graviton have a g behind their generation.
  architectures = { for id, type in local.types : id => can(regex("^[a-z]+[0-9]+g[a-z]*\\.", type)) ? "arm64" : "x86_64" }

  # Families with local NVMe: storage optimised ones, and those with a d behind their generation.
  with_nvme = "^(i3|i3en|i4i|i4g|i7i|i7ie|i8g|i8ge|im4gn|is4gen|z1d|x2gd|x2iedn|x2idn|[cmr][5-9][a-z]*d[a-z]*)\\."

  names = { for id in keys(var.brokers) : id => "${var.name}-${id}.${var.dns_zone.name}" }
  ports = values(module.user_data)[0].ports

  identity = { name = var.name, vpc_id = var.vpc_id, dns_zone_name = var.dns_zone.name, dns_zone_id = var.dns_zone.id, bucket = var.bucket, prefix = var.prefix, disk_kind = var.disk.kind }
}

module "user_data" {
  source   = "./user-data"
  for_each = var.brokers

  broker_id       = each.key
  zone            = each.value.availability_zone
  cluster_name    = var.name
  voters          = var.voters
  names           = local.names
  bucket          = { name = var.bucket, region = local.region, prefix = var.prefix }
  release         = var.release
  disk            = var.disk.kind
  form            = var.form_cluster && contains(var.voters, each.key)
  settings        = var.settings
  secret_settings = var.secret_settings
  java_options    = var.java_options
  java_packages   = var.java_packages
}

# What a cluster was made with, and is for ever. Machines that are there keep what they were told (ignore_changes below): with other names, other disks or another bucket, what is around them would be another cluster's.
resource "terraform_data" "identity" {
  input = local.identity

  lifecycle {
    ignore_changes = [input]
  }
}

# What one variable alone cannot say is wrong with it.
resource "terraform_data" "checks" {
  lifecycle {
    precondition {
      condition     = jsonencode(terraform_data.identity.input) == jsonencode(local.identity)
      error_message = "name, vpc_id, dns_zone, bucket, prefix and disk.kind of a cluster that is there cannot be changed: its machines keep the names and the bucket they were made with, and its volumes would be destroyed. Make another cluster beside it."
    }

    precondition {
      condition     = length(setsubtract(var.voters, keys(var.brokers))) == 0
      error_message = "voters must be brokers, but there are no brokers ${join(", ", setsubtract(var.voters, keys(var.brokers)))}."
    }

    precondition {
      condition     = var.disk.kind == "ebs" || alltrue([for type in values(local.types) : can(regex(local.with_nvme, type))])
      error_message = "With disk.kind instance-store, machines need local NVMe, which ${join(", ", [for type in distinct(values(local.types)) : type if !can(regex(local.with_nvme, type))])} has not: take a type such as i4g.large, i4i.xlarge or m7gd.2xlarge, or disk.kind ebs."
    }

    precondition {
      condition     = length(setintersection(concat(keys(var.settings), keys(var.secret_settings)), values(module.user_data)[0].own_settings)) == 0
      error_message = "settings and secret_settings must not set what the module sets: ${join(", ", setintersection(concat(keys(var.settings), keys(var.secret_settings)), values(module.user_data)[0].own_settings))}."
    }
  }
}

data "aws_ssm_parameter" "image" {
  for_each = var.image_id == null ? toset(values(local.architectures)) : toset([])

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${each.key}"
}

# The address of a broker: it stays when its machine is replaced, and with it the name, so that no client and no broker has to learn a new one.
resource "aws_network_interface" "broker" {
  for_each = var.brokers

  description     = "Firn ${var.name}, broker ${each.key}"
  subnet_id       = each.value.subnet_id
  private_ips     = each.value.private_ip == null ? null : [each.value.private_ip]
  security_groups = [aws_security_group.brokers.id]
  tags            = merge(local.tags, { Name = "${var.name}-${each.key}" })

  # Another subnet or address is another interface, and with it another machine. A plain apply makes none of that, and so not of all brokers at once: it is refused until -replace names the one interface.
  lifecycle {
    ignore_changes = [subnet_id, private_ips]

    postcondition {
      condition     = self.subnet_id == each.value.subnet_id && (each.value.private_ip == null || contains(self.private_ips, coalesce(each.value.private_ip, "none")))
      error_message = "The interface of broker ${each.key} is in ${self.subnet_id} with ${join(", ", self.private_ips)}, and cannot move without its machine: drain and stop this broker, then replace its interface, and no other in the same apply (README.md, \"Rolling\")."
    }
  }
}

resource "aws_instance" "broker" {
  for_each = var.brokers

  ami                                  = var.image_id == null ? data.aws_ssm_parameter.image[local.architectures[each.key]].insecure_value : var.image_id
  instance_type                        = local.types[each.key]
  iam_instance_profile                 = var.instance_profile_name
  user_data_base64                     = module.user_data[each.key].user_data
  user_data_replace_on_change          = false
  disable_api_termination              = !contains(var.replaceable, each.key)
  instance_initiated_shutdown_behavior = "stop"
  tags                                 = merge(local.tags, { Name = "${var.name}-${each.key}", "firn:broker" = each.key })

  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.broker[each.key].id
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  root_block_device {
    encrypted             = true
    volume_size           = var.root_volume_gib
    volume_type           = "gp3"
    delete_on_termination = true
    tags                  = merge(local.tags, { Name = "${var.name}-${each.key}-system" })
  }

  lifecycle {
    # A plain apply replaces or stops no machine: a newer image, another release or other settings would do that to all at once, and take the disks of all of them along. They reach a machine when it is made:
    # terraform apply -replace, one after the other (README.md, "Rolling").
    ignore_changes = [ami, user_data, user_data_base64, user_data_replace_on_change, instance_type, root_block_device]
  }

  # A machine begins to install as soon as it is there, and its broker to look for the others.
  depends_on = [
    terraform_data.checks, aws_route53_record.broker, aws_vpc_endpoint.s3, aws_vpc_security_group_egress_rule.https, aws_vpc_security_group_egress_rule.s3,
    aws_vpc_security_group_egress_rule.brokers, aws_vpc_security_group_ingress_rule.brokers,
  ]
}

# With disk.kind ebs. A plain apply destroys none: what would replace it is ignored, or refused (above and here). Taking a broker away destroys its volume, and leaves a snapshot.
resource "aws_ebs_volume" "broker" {
  for_each = var.disk.kind == "ebs" ? var.brokers : {}

  availability_zone = each.value.availability_zone
  type              = "gp3"
  size              = var.disk.size_gib
  iops              = var.disk.iops
  throughput        = var.disk.throughput_mib_s
  encrypted         = true
  kms_key_id        = var.disk.kms_key_arn
  final_snapshot    = true
  tags              = merge(local.tags, { Name = "${var.name}-${each.key}", "firn:broker" = each.key })

  lifecycle {
    ignore_changes = [availability_zone, encrypted, kms_key_id, snapshot_id]

    postcondition {
      condition     = self.availability_zone == each.value.availability_zone
      error_message = "The volume of broker ${each.key} is in ${self.availability_zone}, and a volume cannot move: take that broker away, and add one with another number in ${each.value.availability_zone}."
    }
  }
}

resource "aws_volume_attachment" "broker" {
  for_each = aws_ebs_volume.broker

  device_name                    = "/dev/${values(module.user_data)[0].volume_device}"
  instance_id                    = aws_instance.broker[each.key].id
  volume_id                      = each.value.id
  stop_instance_before_detaching = true
}
