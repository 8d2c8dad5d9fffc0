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
  prefix                   = "firn/prod"
  kms_key_arns             = ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd"]
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
  release_object_arn       = "arn:aws:s3:::artifacts/firn-1.0.tar.gz"
  dns_zone                 = { name = "corp.example", id = "Z1" }
  s3_prefix_list_id        = "pl-1"
  client_cidrs             = { all = "10.0.0.0/8" }
  form_cluster             = true
  release = {
    url    = "s3://artifacts/firn-1.0.tar.gz"
    sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

run "it_plans" {
  command = plan

  assert {
    condition     = output.bootstrap_servers == { PLAINTEXT = "firn.corp.example:9092" } && output.bucket == { name = "firn-test", prefix = "firn/prod" } && toset(keys(output.brokers)) == toset(["1", "2", "3"])
    error_message = "Clients, bucket and brokers are known."
  }

  assert {
    condition     = [for statement in jsondecode(module.iam.policy).Statement : statement.Sid] == ["Objects", "List", "ListUploads", "ObjectKeys", "Sessions", "Release"]
    error_message = "The role has the key and the release, and what lies below the prefix."
  }
}
