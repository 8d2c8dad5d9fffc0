# Brokers as processes of this machine, with nothing but what Terraform brings along. For trying things out: who can write to the directory can stop and read everything.

locals {
  launcher = var.firn != null ? var.firn : abspath("${path.module}/../../../firn")

  # Two clusters of one machine must not meet at a port that one of them has left.
  name  = coalesce(var.name, "local-${substr(sha256(var.directory), 0, 12)}")
  seeds = join(",", [for voter in var.voters : "127.0.0.1:${var.brokers[voter].cluster}" if contains(keys(var.brokers), voter)])

  config = {
    for id, ports in var.brokers : id => yamlencode(merge(
      { "cold.file.dir" = "${var.directory}/cold" },
      var.settings,
      {
        "node.id"        = id
        "data.dir"       = "${var.directory}/broker-${id}/data"
        "kafka.port"     = tostring(ports.kafka)
        "peer.port"      = tostring(ports.peer)
        "http.port"      = tostring(ports.http)
        "cluster.name"   = local.name
        "cluster.port"   = tostring(ports.cluster)
        "cluster.voters" = join(",", var.voters)
        "cluster.seeds"  = local.seeds
      }
    ))
  }
}

# Builds Firn in a checkout, and makes the archive for fast starts, once instead of in each broker: that may take longer than a broker is waited for. A launcher that does not run starts nothing; an archive is not needed.
resource "terraform_data" "launcher" {
  triggers_replace = [local.launcher]

  provisioner "local-exec" {
    command     = "\"$LAUNCHER\" --version && { [ \"$${FIRN_CDS:-on}\" = off ] || \"$LAUNCHER\" rehearse || true; }"
    interpreter = ["/bin/bash", "-c"]
    environment = { LAUNCHER = local.launcher }
  }
}

# The processes. They are started beside each other and not waited for, as the first three find each other before any of them is ready.
resource "terraform_data" "broker" {
  for_each = var.brokers

  # What destroying needs to know is kept here.
  input = {
    directory = "${var.directory}/broker-${each.key}"
    seconds   = var.wait_seconds
  }

  triggers_replace = [var.directory, local.launcher, local.config[each.key], var.java_options]

  provisioner "local-exec" {
    command     = "bash '${path.module}/files/start'"
    interpreter = ["/bin/bash", "-c"]
    environment = {
      DIRECTORY      = self.input.directory
      CONFIG         = local.config[each.key]
      LAUNCHER       = local.launcher
      FORMED         = "${var.directory}/formed"
      VOTES          = contains(var.voters, each.key) ? "yes" : "no"
      FIRN_JAVA_OPTS = var.java_options
    }
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "bash '${path.module}/files/stop'"
    interpreter = ["/bin/bash", "-c"]
    environment = {
      DIRECTORY = self.input.directory
      LIMIT     = self.input.seconds
    }
  }

  depends_on = [terraform_data.launcher]

  lifecycle {
    precondition {
      condition     = length(setsubtract(var.voters, keys(var.brokers))) == 0
      error_message = "voters must be brokers, but there are no brokers ${join(", ", setsubtract(var.voters, keys(var.brokers)))}."
    }
  }
}

# Done when all of them serve clients and are in sync: another apply may take the next one then.
resource "terraform_data" "ready" {
  triggers_replace = [for id in sort(keys(var.brokers)) : terraform_data.broker[id].id]

  input = {
    for id, ports in var.brokers : id => { kafka = "127.0.0.1:${ports.kafka}", http = "http://127.0.0.1:${ports.http}", directory = terraform_data.broker[id].output.directory }
  }

  provisioner "local-exec" {
    command     = "bash '${path.module}/files/await' ${join(" ", [for id in sort(keys(var.brokers)) : "'${self.input[id].http}' '${self.input[id].directory}'"])}"
    interpreter = ["/bin/bash", "-c"]
    environment = {
      LIMIT  = var.wait_seconds
      FORMED = "${var.directory}/formed"
    }
  }
}
