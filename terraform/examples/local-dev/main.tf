# A cluster of three brokers on this machine: terraform apply starts it, terraform destroy stops it.

terraform {
  required_version = ">= 1.7"
}

module "firn" {
  source = "../../modules/local-cluster"

  directory = var.directory != null ? var.directory : abspath("${path.root}/data")
  firn      = var.firn
  brokers   = var.brokers

  settings = {
    # Small segments, which are in the bucket soon, to have something to look at.
    "topic.defaults.segment.ms"         = "60000"
    "topic.defaults.local.retention.ms" = "600000"
  }
}
