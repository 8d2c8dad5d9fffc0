# Who reaches whom. Brokers reach each other, the bucket, and by HTTPS what egress_cidrs says; clients and monitoring reach them from where they were said to be, and nobody else does.

resource "aws_security_group" "brokers" {
  name_prefix = "${var.name}-brokers-"
  description = "Brokers of Firn ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-brokers" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "brokers" {
  for_each = local.ports

  security_group_id            = aws_security_group.brokers.id
  description                  = "Brokers to each other: ${each.key}"
  referenced_security_group_id = aws_security_group.brokers.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "brokers" {
  for_each = local.ports

  security_group_id            = aws_security_group.brokers.id
  description                  = "Brokers to each other: ${each.key}"
  referenced_security_group_id = aws_security_group.brokers.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "clients_cidr" {
  for_each = var.client_cidrs

  security_group_id = aws_security_group.brokers.id
  description       = "Kafka clients: ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.ports.kafka
  to_port           = local.ports.kafka
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "clients_group" {
  for_each = var.client_security_group_ids

  security_group_id            = aws_security_group.brokers.id
  description                  = "Kafka clients: ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.ports.kafka
  to_port                      = local.ports.kafka
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "monitoring" {
  for_each = var.monitoring_cidrs

  security_group_id = aws_security_group.brokers.id
  description       = "Metrics, health, draining: ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.ports.http
  to_port           = local.ports.http
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = var.egress_cidrs

  security_group_id = aws_security_group.brokers.id
  description       = "Release, packages, SSM, secrets: ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = toset(length(var.s3_endpoint_route_table_ids) > 0 || var.s3_prefix_list_id != null ? ["s3"] : [])

  security_group_id = aws_security_group.brokers.id
  description       = "The bucket"
  prefix_list_id    = length(var.s3_endpoint_route_table_ids) > 0 ? aws_vpc_endpoint.s3["s3"].prefix_list_id : var.s3_prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = local.tags
}

resource "aws_vpc_endpoint" "s3" {
  for_each = toset(length(var.s3_endpoint_route_table_ids) > 0 ? ["s3"] : [])

  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.s3_endpoint_route_table_ids
  tags              = merge(local.tags, { Name = "${var.name}-s3" })
}

# --- names -----------------------------------------------------------------------------------------------------------------------

resource "aws_route53_zone" "this" {
  for_each = toset(var.dns_zone.create ? ["this"] : [])

  name    = var.dns_zone.name
  comment = "Brokers of Firn ${var.name}"
  tags    = local.tags

  vpc {
    vpc_id = var.vpc_id
  }
}

locals {
  zone_id   = var.dns_zone.create ? aws_route53_zone.this["this"].zone_id : var.dns_zone.id
  bootstrap = "${var.name}.${var.dns_zone.name}"
}

resource "aws_route53_record" "broker" {
  for_each = var.brokers

  zone_id = local.zone_id
  name    = local.names[each.key]
  type    = "A"
  ttl     = 60
  records = [aws_network_interface.broker[each.key].private_ip]
}

resource "aws_route53_record" "bootstrap" {
  zone_id = local.zone_id
  name    = local.bootstrap
  type    = "A"
  ttl     = var.load_balancer ? null : 60
  records = var.load_balancer ? null : [for id in sort(keys(var.brokers)) : aws_network_interface.broker[id].private_ip]

  dynamic "alias" {
    for_each = aws_lb.this

    content {
      name                   = alias.value.dns_name
      zone_id                = alias.value.zone_id
      evaluate_target_health = false
    }
  }
}

# --- load balancer ---------------------------------------------------------------------------------------------------------------

resource "aws_security_group" "load_balancer" {
  for_each = toset(var.load_balancer ? ["this"] : [])

  name_prefix = "${var.name}-bootstrap-"
  description = "Bootstrap of Firn ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-bootstrap" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_cidr" {
  for_each = var.load_balancer ? var.client_cidrs : {}

  security_group_id = aws_security_group.load_balancer["this"].id
  description       = "Kafka clients: ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.ports.kafka
  to_port           = local.ports.kafka
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_group" {
  for_each = var.load_balancer ? var.client_security_group_ids : {}

  security_group_id            = aws_security_group.load_balancer["this"].id
  description                  = "Kafka clients: ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.ports.kafka
  to_port                      = local.ports.kafka
  tags                         = local.tags
}

locals {
  # AWS takes one for each zone. The voters' first, which stay: without one of its subnets, a load balancer would be replaced.
  subnets = { for id in concat(var.voters, sort(setsubtract(keys(var.brokers), var.voters))) : var.brokers[id].availability_zone => var.brokers[id].subnet_id... if contains(keys(var.brokers), id) }

  balanced = { for use, port in local.ports : use => port if var.load_balancer && contains(["kafka", "http"], use) }
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  for_each = local.balanced

  security_group_id            = aws_security_group.load_balancer["this"].id
  description                  = "Brokers: ${each.key}"
  referenced_security_group_id = aws_security_group.brokers.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  for_each = local.balanced

  security_group_id            = aws_security_group.brokers.id
  description                  = "Load balancer: ${each.key}"
  referenced_security_group_id = aws_security_group.load_balancer["this"].id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  tags                         = local.tags
}

resource "aws_lb" "this" {
  for_each = toset(var.load_balancer ? ["this"] : [])

  name                             = "${var.name}-bootstrap"
  internal                         = true
  load_balancer_type               = "network"
  security_groups                  = [aws_security_group.load_balancer["this"].id]
  subnets                          = [for subnets in values(local.subnets) : subnets[0]]
  enable_cross_zone_load_balancing = true
  tags                             = local.tags
}

resource "aws_lb_target_group" "this" {
  for_each = aws_lb.this

  name        = "${var.name}-bootstrap"
  vpc_id      = var.vpc_id
  target_type = "instance"
  protocol    = "TCP"
  port        = local.ports.kafka
  tags        = local.tags

  # By HTTP, for the port answers long before the broker serves.
  health_check {
    protocol            = "HTTP"
    port                = local.ports.http
    path                = "/health/ready"
    matcher             = "200"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_target_group_attachment" "this" {
  for_each = var.load_balancer ? var.brokers : {}

  target_group_arn = aws_lb_target_group.this["this"].arn
  target_id        = aws_instance.broker[each.key].id
}

resource "aws_lb_listener" "this" {
  for_each = aws_lb.this

  load_balancer_arn = each.value.arn
  protocol          = "TCP"
  port              = local.ports.kafka
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this["this"].arn
  }
}
