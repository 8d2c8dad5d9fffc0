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
  name   = "prod"
  vpc_id = "vpc-1"
  brokers = {
    "1" = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
    "2" = { availability_zone = "eu-central-1b", subnet_id = "subnet-b" }
    "3" = { availability_zone = "eu-central-1c", subnet_id = "subnet-c", instance_type = "i4g.xlarge", private_ip = "10.0.3.10" }
  }
  voters                = ["1", "2", "3"]
  image_id              = "ami-1"
  bucket                = "firn-test"
  instance_profile_name = "firn-test"
  release = {
    url    = "https://example.org/firn-1.0.tar.gz"
    sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

run "three_brokers_on_their_own_disks" {
  command = plan

  variables {
    prefix                      = "teams/prod"
    client_cidrs                = { apps = "10.1.0.0/16" }
    client_security_group_ids   = { orders = "sg-1" }
    monitoring_cidrs            = { prometheus = "10.2.0.0/16" }
    s3_endpoint_route_table_ids = ["rtb-1"]
    settings                    = { "topic.defaults.local.retention.ms" = "3600000" }
    secret_settings             = { "cold.secret.key" = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:firn-aaaaaa" }
    java_options                = "-Xmx2g"
  }

  assert {
    condition     = toset(keys(aws_instance.broker)) == toset(["1", "2", "3"]) && [for id in ["1", "2", "3"] : aws_instance.broker[id].instance_type] == ["i4g.large", "i4g.large", "i4g.xlarge"]
    error_message = "There is a machine for each id, of the common type or its own."
  }

  assert {
    condition = alltrue([for machine in aws_instance.broker : machine.metadata_options[0].http_tokens == "required" && machine.metadata_options[0].http_endpoint == "enabled" &&
    machine.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "Metadata is given to IMDSv2 only, and to no container behind the machine."
  }

  assert {
    condition     = alltrue([for machine in aws_instance.broker : machine.root_block_device[0].encrypted && machine.disable_api_termination && machine.iam_instance_profile == "firn-test"])
    error_message = "System disks are encrypted, machines protected, and have the role."
  }

  assert {
    condition     = alltrue([for id, network in aws_network_interface.broker : network.subnet_id == var.brokers[id].subnet_id]) && aws_network_interface.broker["3"].private_ips == toset(["10.0.3.10"])
    error_message = "Each broker has an interface of its own, in its subnet, with its address where one is given."
  }

  assert {
    condition = yamldecode(module.user_data["2"].config) == {
      "node.id"                           = "2", "node.rack" = "eu-central-1b", "data.dir" = "/var/lib/firn"
      "kafka.port"                        = "9092", "kafka.advertised.host" = "prod-2.firn.internal"
      "peer.port"                         = "9093", "peer.advertised.host" = "prod-2.firn.internal", "http.port" = "8080"
      "cluster.name"                      = "prod", "cluster.voters" = "1,2,3", "cluster.port" = "5701", "cluster.advertised.host" = "prod-2.firn.internal"
      "cluster.seeds"                     = "prod-1.firn.internal:5701,prod-2.firn.internal:5701,prod-3.firn.internal:5701"
      "cold.provider"                     = "s3", "cold.bucket" = "firn-test", "cold.region" = "eu-central-1", "cold.prefix" = "teams/prod", "cold.path.style" = "false"
      "topic.defaults.local.retention.ms" = "3600000", "logging.format" = "json"
    }
    error_message = "The broker's settings are these."
  }

  assert {
    condition     = alltrue([for id, machine in aws_instance.broker : machine.user_data_base64 == base64gzip(module.user_data[id].script)])
    error_message = "The machine gets the rendered user-data."
  }

  assert {
    condition = alltrue([for part in [
      "/usr/local/lib/firn/install 'https://example.org/firn-1.0.tar.gz' '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'",
      "FIRN_COLD_SECRET_KEY arn:aws:secretsmanager:eu-central-1:111122223333:secret:firn-aaaaaa",
      "FIRN_JAVA_OPTS=\"-Xmx2g\"",
      "DISK_KIND=instance-store\nVOLUME_DEVICE=sdf\nREGION=eu-central-1\n",
      yamlencode({ "node.id" = "2" }),
    ] : strcontains(module.user_data["2"].script, part)])
    error_message = "User-data installs the release by its checksum, and names secrets, JVM options, disks and the broker's settings."
  }

  assert {
    condition     = !strcontains(module.user_data["2"].script, "touch /etc/firn/form")
    error_message = "Nobody is told to form a cluster unless that was ordered."
  }

  assert {
    condition = toset([for rule in concat(values(aws_vpc_security_group_ingress_rule.clients_cidr), values(aws_vpc_security_group_ingress_rule.clients_group), values(aws_vpc_security_group_ingress_rule.monitoring)) :
      "${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id)} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}"]) == toset([
      "10.1.0.0/16 tcp 9092-9092", "sg-1 tcp 9092-9092", "10.2.0.0/16 tcp 8080-8080",
    ])
    error_message = "Clients reach the Kafka port, monitoring the HTTP port, and neither anything else."
  }

  assert {
    condition = (toset([for use, rule in aws_vpc_security_group_ingress_rule.brokers : "${rule.from_port}-${rule.to_port}"]) == toset(["9092-9092", "9093-9093", "8080-8080", "5701-5701"]) &&
    alltrue([for rule in aws_vpc_security_group_ingress_rule.brokers : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.prefix_list_id == null]))
    error_message = "Brokers reach each other on their ports, as members of their group and not by a range."
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.https) == 0 && length(aws_vpc_security_group_egress_rule.s3) == 1 && aws_vpc_security_group_egress_rule.s3["s3"].to_port == 443
    error_message = "Out of the VPC, brokers reach the bucket and nothing else."
  }

  assert {
    condition     = aws_vpc_endpoint.s3["s3"].service_name == "com.amazonaws.eu-central-1.s3" && aws_vpc_endpoint.s3["s3"].vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3["s3"].route_table_ids == toset(["rtb-1"])
    error_message = "The bucket is reached by a gateway endpoint."
  }

  assert {
    condition     = [for id in ["1", "2", "3"] : aws_route53_record.broker[id].name] == ["prod-1.firn.internal", "prod-2.firn.internal", "prod-3.firn.internal"] && aws_route53_zone.this["this"].name == "firn.internal"
    error_message = "Each broker has a name in the private zone."
  }

  assert {
    condition     = aws_route53_record.bootstrap.name == "prod.firn.internal" && aws_route53_record.bootstrap.ttl == 60 && length(aws_lb.this) == 0 && length(aws_security_group.load_balancer) == 0
    error_message = "The bootstrap name needs no load balancer."
  }

  assert {
    condition     = output.bootstrap_servers == { PLAINTEXT = "prod.firn.internal:9092" } && output.bucket == { name = "firn-test", prefix = "teams/prod" } && output.dns.bootstrap == "prod.firn.internal"
    error_message = "Clients are told the bootstrap name."
  }

  assert {
    condition     = [for one in yamldecode(output.prometheus_scrape_config)[0].static_configs : one.targets[0]] == ["prod-1.firn.internal:8080", "prod-2.firn.internal:8080", "prod-3.firn.internal:8080"]
    error_message = "Prometheus is told of each broker."
  }

  assert {
    condition     = alltrue([for rule in yamldecode(output.prometheus_alert_rules).groups[0].rules : rule.alert != "" && rule.expr != "" && rule.annotations.summary != ""])
    error_message = "It has rules to alert by."
  }

  assert {
    condition     = length(aws_ebs_volume.broker) == 0 && length(aws_cloudwatch_metric_alarm.machine) == 3 && length(aws_cloudwatch_metric_alarm.ready) == 0
    error_message = "There are no volumes, and an alarm for each machine."
  }
}

run "volumes_load_balancer_and_the_order_to_form" {
  command = plan

  variables {
    brokers = {
      "1" = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
      "2" = { availability_zone = "eu-central-1b", subnet_id = "subnet-b" }
      "3" = { availability_zone = "eu-central-1c", subnet_id = "subnet-c" }
      "0" = { availability_zone = "eu-central-1a", subnet_id = "subnet-a2" }
    }
    name                      = "as-long-as-it-may-be-2"
    replaceable               = ["2"]
    role_arn                  = "arn:aws:iam::111122223333:role/firn"
    instance_type             = "m7g.large"
    disk                      = { kind = "ebs", size_gib = 500, kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd" }
    load_balancer             = true
    form_cluster              = true
    dns_zone                  = { name = "corp.example", create = false, id = "Z1" }
    client_cidrs              = { apps = "10.1.0.0/16" }
    client_security_group_ids = { orders = "sg-1" }
    egress_cidrs              = { endpoints = "10.0.0.0/16" }
    s3_prefix_list_id         = "pl-1"
    alarm_actions             = ["arn:aws:sns:eu-central-1:111122223333:ops"]
  }

  assert {
    condition = (toset(keys(aws_ebs_volume.broker)) == toset(["0", "1", "2", "3"]) && alltrue([for id, volume in aws_ebs_volume.broker :
      volume.encrypted && volume.type == "gp3" && volume.size == 500 && volume.availability_zone == var.brokers[id].availability_zone && endswith(volume.kms_key_id, "1234abcd") && volume.final_snapshot]) &&
    alltrue([for attachment in aws_volume_attachment.broker : attachment.stop_instance_before_detaching && attachment.device_name == "/dev/sdf"]))
    error_message = "Each broker has an encrypted volume in its zone, of which a snapshot stays when it is taken away."
  }

  assert {
    condition     = [for id in ["0", "1", "2", "3"] : aws_instance.broker[id].disable_api_termination] == [true, true, false, true]
    error_message = "The one machine that is to be replaced is not protected, and the others are."
  }

  assert {
    condition     = output.role == { arn = "arn:aws:iam::111122223333:role/firn", instance_profile_name = "firn-test" }
    error_message = "The role is told."
  }

  assert {
    condition     = aws_lb.this["this"].name == "as-long-as-it-may-be-2-bootstrap" && aws_lb_target_group.this["this"].name == "as-long-as-it-may-be-2-bootstrap"
    error_message = "A name that is as long as it may be is not too long for a load balancer."
  }

  assert {
    condition     = strcontains(module.user_data["1"].script, "DISK_KIND=ebs\nVOLUME_DEVICE=sdf\n")
    error_message = "The machine looks for its volume."
  }

  assert {
    condition     = [for id in ["1", "2", "3", "0"] : strcontains(module.user_data[id].script, "another_broker_serves || touch /etc/firn/form")] == [true, true, true, false]
    error_message = "Voters are told to form the cluster, and nobody else."
  }

  assert {
    condition     = yamldecode(module.user_data["0"].config)["cluster.seeds"] == "as-long-as-it-may-be-2-1.corp.example:5701,as-long-as-it-may-be-2-2.corp.example:5701,as-long-as-it-may-be-2-3.corp.example:5701"
    error_message = "Further brokers find the voters."
  }

  assert {
    condition = (aws_lb.this["this"].internal && aws_lb.this["this"].load_balancer_type == "network" && aws_lb_listener.this["this"].port == 9092 && aws_lb_target_group.this["this"].port == 9092 &&
      aws_lb_target_group.this["this"].health_check[0].protocol == "HTTP" && aws_lb_target_group.this["this"].health_check[0].port == "8080" && aws_lb_target_group.this["this"].health_check[0].path == "/health/ready" &&
    toset(keys(aws_lb_target_group_attachment.this)) == toset(["0", "1", "2", "3"]) && aws_lb.this["this"].subnets == toset(["subnet-a", "subnet-b", "subnet-c"]))
    error_message = "The load balancer is internal, has one subnet in each zone, the voters' first, sends to all brokers, and asks their health page."
  }

  assert {
    condition     = length(aws_route53_zone.this) == 0 && aws_route53_record.bootstrap.zone_id == "Z1" && aws_route53_record.bootstrap.records == null && aws_route53_record.bootstrap.name == "as-long-as-it-may-be-2.corp.example" && length(aws_route53_record.bootstrap.alias) == 1
    error_message = "The bootstrap name is the load balancer's, in the zone that was given."
  }

  assert {
    condition = (toset([for rule in concat(values(aws_vpc_security_group_ingress_rule.load_balancer_cidr), values(aws_vpc_security_group_ingress_rule.load_balancer_group)) :
      "${coalesce(rule.cidr_ipv4, rule.referenced_security_group_id)} ${rule.from_port}-${rule.to_port}"]) == toset(["10.1.0.0/16 9092-9092", "sg-1 9092-9092"]) &&
    toset([for rule in aws_vpc_security_group_ingress_rule.load_balancer : rule.to_port]) == toset([9092, 8080]))
    error_message = "Clients reach the load balancer, and it the brokers' Kafka and HTTP ports."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.s3["s3"].prefix_list_id == "pl-1" && aws_vpc_security_group_egress_rule.https["endpoints"].to_port == 443
    error_message = "Brokers reach what they were said to."
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.machine), values(aws_cloudwatch_metric_alarm.processor), values(aws_cloudwatch_metric_alarm.ready)) :
    alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:111122223333:ops"])]) && length(aws_cloudwatch_metric_alarm.ready) == 1
    error_message = "Alarms tell those who were named."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    name                        = "a-name-of-23-characters"
    vpc_id                      = "prod"
    brokers                     = { "one" = { availability_zone = "eu-central-1", subnet_id = "a", private_ip = "10.0.0" } }
    voters                      = ["1", "2"]
    instance_type               = "large"
    disk                        = { kind = "tape", size_gib = 1, iops = 1 }
    image_id                    = "al2023"
    release                     = { url = "http://example.org/firn.tar.gz", sha256 = "latest" }
    java_packages               = { dnf = "java; reboot" }
    java_options                = "-Xmx1g\" && reboot"
    bucket                      = "Firn"
    prefix                      = "/prod/"
    instance_profile_name       = "arn:aws:iam::111122223333:instance-profile/firn"
    settings                    = { "cold.secret.key" = "secret" }
    secret_settings             = { "cold.secret.key" = "secret" }
    client_cidrs                = { all = "0.0.0.0/0" }
    client_security_group_ids   = { orders = "orders" }
    monitoring_cidrs            = { all = "0.0.0.0/0" }
    egress_cidrs                = { all = "everywhere" }
    s3_endpoint_route_table_ids = ["main"]
    s3_prefix_list_id           = "s3"
    dns_zone                    = { name = "internal.", create = false }
    replaceable                 = ["1", "2"]
    role_arn                    = "firn"
    root_volume_gib             = 1
    alarm_actions               = ["ops@example.org"]
  }

  expect_failures = [
    var.name, var.vpc_id, var.brokers, var.voters, var.instance_type, var.disk, var.image_id, var.release, var.java_packages, var.java_options, var.bucket, var.prefix, var.instance_profile_name, var.settings,
    var.secret_settings, var.client_cidrs, var.client_security_group_ids, var.monitoring_cidrs, var.egress_cidrs, var.s3_endpoint_route_table_ids, var.s3_prefix_list_id, var.dns_zone, var.replaceable, var.role_arn, var.root_volume_gib, var.alarm_actions,
  ]
}

run "a_release_by_a_url_with_a_password_is_refused" {
  command = plan

  variables {
    release = { url = "https://user:password@example.org/firn-1.0.tar.gz", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  }

  expect_failures = [var.release]
}

run "a_release_by_a_signed_url_is_refused" {
  command = plan

  variables {
    release = { url = "https://artifacts.s3.amazonaws.com/firn-1.0.tar.gz?X-Amz-Signature=0123", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  }

  expect_failures = [var.release]
}
