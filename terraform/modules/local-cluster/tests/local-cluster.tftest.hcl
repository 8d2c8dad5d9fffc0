# What would be started; that it is, is seen by the integration tests, with real brokers.

variables {
  directory = "/tmp/firn-local"
}

run "three_brokers_with_ports_of_their_own" {
  command = plan

  assert {
    condition     = toset(keys(terraform_data.broker)) == toset(["1", "2", "3"])
    error_message = "There are three brokers."
  }

  assert {
    condition = yamldecode(local.config["2"]) == {
      "node.id"       = "2", "data.dir" = "/tmp/firn-local/broker-2/data", "kafka.port" = "9192", "peer.port" = "9193", "http.port" = "9194", "cluster.port" = "9195"
      "cluster.name"  = "local-${substr(sha256("/tmp/firn-local"), 0, 12)}", "cluster.voters" = "1,2,3", "cluster.seeds" = "127.0.0.1:9095,127.0.0.1:9195,127.0.0.1:9295"
      "cold.file.dir" = "/tmp/firn-local/cold"
    }
    error_message = "A broker's settings are these."
  }
}

run "settings_are_added_and_a_fourth_broker_finds_the_voters" {
  command = plan

  variables {
    brokers = {
      "1" = { kafka = 101, peer = 102, http = 103, cluster = 104 }
      "2" = { kafka = 201, peer = 202, http = 203, cluster = 204 }
      "3" = { kafka = 301, peer = 302, http = 303, cluster = 304 }
      "4" = { kafka = 401, peer = 402, http = 403, cluster = 404 }
    }
    name     = "mine"
    settings = { "cold.provider" = "minio", "node.id" = "9" }
  }

  assert {
    condition = (yamldecode(local.config["4"])["cold.provider"] == "minio" && yamldecode(local.config["4"])["node.id"] == "4" && yamldecode(local.config["4"])["cluster.name"] == "mine" &&
    yamldecode(local.config["4"])["cluster.seeds"] == "127.0.0.1:104,127.0.0.1:204,127.0.0.1:304")
    error_message = "Settings are added, but not over those that make it a cluster."
  }
}

run "a_voter_that_is_no_broker_is_refused" {
  command = plan

  variables {
    voters = ["1", "2", "9"]
  }

  expect_failures = [terraform_data.broker]
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    directory    = "data"
    firn         = "./firn"
    name         = "a name"
    brokers      = { "one" = { kafka = 1, peer = 1, http = 1, cluster = 0 } }
    voters       = ["1"]
    settings     = { "cold.secret.key" = "secret" }
    java_options = "-Xmx1g\n-Xms1g"
    wait_seconds = 1
  }

  expect_failures = [var.directory, var.firn, var.name, var.brokers, var.voters, var.settings, var.java_options, var.wait_seconds]
}
