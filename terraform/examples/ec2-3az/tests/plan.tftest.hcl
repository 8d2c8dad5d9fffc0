# The real provider, which plans without asking AWS. The image is the one thing that would be asked for.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_data {
  target = module.firn.data.aws_ssm_parameter.image
  values = { insecure_value = "ami-1" }
}

variables {
  region = "eu-central-1"
  bucket = "firn-test"
  vpc_id = "vpc-1"
  brokers = {
    "1" = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
    "2" = { availability_zone = "eu-central-1b", subnet_id = "subnet-b" }
    "3" = { availability_zone = "eu-central-1c", subnet_id = "subnet-c" }
  }
  route_table_ids = ["rtb-1"]
  client_cidrs    = { all = "10.0.0.0/8" }
  form_cluster    = true
  release = {
    url    = "https://example.org/firn-1.0.tar.gz"
    sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

run "it_plans" {
  command = plan

  assert {
    condition     = output.bootstrap_servers == { PLAINTEXT = "firn.firn.internal:9092" } && output.bucket == { name = "firn-test", prefix = "" } && toset(keys(output.brokers)) == toset(["1", "2", "3"])
    error_message = "Clients, bucket and brokers are known."
  }
}
