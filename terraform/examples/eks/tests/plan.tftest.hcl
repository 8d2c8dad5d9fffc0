# The real provider, which plans without asking AWS.

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
  region = "eu-central-1"
  bucket = "firn-test"
  vpc_id = "vpc-1"
  nodes = {
    a = { availability_zone = "eu-central-1a", subnet_id = "subnet-a" }
    b = { availability_zone = "eu-central-1b", subnet_id = "subnet-b" }
    c = { availability_zone = "eu-central-1c", subnet_id = "subnet-c" }
  }
  route_table_ids  = ["rtb-1"]
  image_repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/firn"
}

run "it_plans" {
  command = plan

  assert {
    condition     = yamldecode(output.helm_values).cold.bucket == "firn-test" && yamldecode(output.helm_values).replicas == 3 && output.bucket.name == "firn-test" && endswith(yamldecode(output.helm_values).image.repository, "/firn")
    error_message = "The chart is told of bucket, brokers and image."
  }
}
