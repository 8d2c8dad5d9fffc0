# What a broker's machine does when it is made, as text. No provider and no resources: so it is rendered, and run, in tests.

locals {
  ports = { kafka = 9092, peer = 9093, http = 8080, cluster = 5701 }

  # What the volume of a broker is called when it is attached: how prepare tells it from others.
  volume_device = "sdf"

  name = var.names[var.broker_id]

  # Voters alone are seeds: their list does not change when a broker is added, and every broker finds the rest through them. Where the broker binds is its machine's address, which /run/firn-prepare/environment says.
  own = {
    "node.id"                 = var.broker_id
    "node.rack"               = var.zone
    "data.dir"                = "/var/lib/firn"
    "kafka.port"              = tostring(local.ports.kafka)
    "kafka.advertised.host"   = local.name
    "peer.port"               = tostring(local.ports.peer)
    "peer.advertised.host"    = local.name
    "http.port"               = tostring(local.ports.http)
    "cluster.name"            = var.cluster_name
    "cluster.voters"          = join(",", var.voters)
    "cluster.port"            = tostring(local.ports.cluster)
    "cluster.advertised.host" = local.name
    "cluster.seeds"           = join(",", [for id in var.voters : "${lookup(var.names, id, "unknown")}:${local.ports.cluster}"])
    "cold.provider"           = "s3"
    "cold.bucket"             = var.bucket.name
    "cold.region"             = var.bucket.region
    "cold.path.style"         = "false"
    "logging.format"          = "json"
  }

  config = merge(var.bucket.prefix == "" ? {} : { "cold.prefix" = var.bucket.prefix }, local.own, var.settings)

  script = templatefile("${path.module}/user-data.sh.tftpl", {
    broker_id      = var.broker_id
    cluster_name   = var.cluster_name
    config         = yamlencode(local.config)
    disk           = var.disk
    volume_device  = local.volume_device
    region         = var.bucket.region
    secrets        = { for key, arn in var.secret_settings : "FIRN_${upper(replace(key, ".", "_"))}" => arn }
    form           = var.form
    others         = join(" ", [for id, name in var.names : name if id != var.broker_id && contains(var.voters, id)])
    http_port      = local.ports.http
    java_options   = var.java_options
    dnf_packages   = "${var.java_packages.dnf} mdadm nvme-cli xfsprogs"
    apt_packages   = "${var.java_packages.apt} mdadm nvme-cli xfsprogs curl"
    release_url    = var.release.url
    release_sha256 = var.release.sha256
    prepare        = file("${path.module}/files/prepare")
    install        = file("${path.module}/files/install")
    prepare_unit   = file("${path.module}/files/firn-prepare.service")
    drop_in        = file("${path.module}/files/terraform.conf")
  })

  # Of the 16 KiB that EC2 allows, the script alone has most. cloud-init unpacks it.
  user_data = base64gzip(local.script)
}
