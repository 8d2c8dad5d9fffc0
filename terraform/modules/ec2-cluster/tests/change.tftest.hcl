# A mocked provider, which applies to nothing: what becomes of brokers that are there when something changes. What the real provider would replace, a mocked one does not know: that is the part keeps of test.sh.

mock_provider "aws" {
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-newest" }
  }
}

variables {
  name   = "prod"
  vpc_id = "vpc-1"
  brokers = {
    "1" = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
    "2" = { availability_zone = "eu-central-1b", subnet_id = "subnet-b" }
    "3" = { availability_zone = "eu-central-1c", subnet_id = "subnet-c" }
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

run "a_cluster" {
  assert {
    condition     = length(output.brokers) == 3 && length(distinct([for broker in output.brokers : broker.instance_id])) == 3
    error_message = "There are three machines."
  }

  assert {
    condition = (length(aws_vpc_security_group_ingress_rule.clients_cidr) + length(aws_vpc_security_group_ingress_rule.clients_group) + length(aws_vpc_security_group_ingress_rule.monitoring) +
    length(aws_vpc_security_group_egress_rule.https) + length(aws_vpc_security_group_egress_rule.s3) + length(aws_vpc_endpoint.s3)) == 0
    error_message = "By default there is no way in or out but among the brokers."
  }
}

run "a_fourth_broker_a_newer_image_and_a_new_release_touch_no_machine" {
  variables {
    brokers = {
      "0" = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
      "1" = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
      "2" = { availability_zone = "eu-central-1b", subnet_id = "subnet-b" }
      "3" = { availability_zone = "eu-central-1c", subnet_id = "subnet-c" }
    }
    image_id      = null
    instance_type = "i4g.2xlarge"
    release = {
      url    = "https://example.org/firn-2.0.tar.gz"
      sha256 = "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
    settings        = { "log.durability" = "os" }
    root_volume_gib = 32
  }

  assert {
    condition     = { for id in ["1", "2", "3"] : id => output.brokers[id] } == run.a_cluster.brokers
    error_message = "The three brokers keep their machines, addresses and names, though a broker was added before them."
  }

  assert {
    condition = alltrue([for id in ["1", "2", "3"] : aws_instance.broker[id].ami == "ami-1" && aws_instance.broker[id].instance_type == "i4g.large" &&
    aws_instance.broker[id].user_data_base64 != module.user_data[id].user_data && strcontains(module.user_data[id].script, "firn-2.0.tar.gz")])
    error_message = "Machines that are there keep image, type and user-data, and so are neither stopped nor replaced."
  }

  assert {
    condition     = aws_instance.broker["0"].ami == "ami-newest" && aws_instance.broker["0"].instance_type == "i4g.2xlarge" && aws_instance.broker["0"].user_data_base64 == module.user_data["0"].user_data
    error_message = "The new machine gets what is new."
  }

  assert {
    condition     = yamldecode(module.user_data["0"].config)["cluster.voters"] == "1,2,3" && output.bootstrap_servers == run.a_cluster.bootstrap_servers
    error_message = "Voters and bootstrap name stay."
  }
}
