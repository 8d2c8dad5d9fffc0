variable "name" {
  description = "Name of the cluster (cluster.name), and the beginning of the names of what is made here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$", var.name))
    error_message = "name must be 1 to 22 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen: it becomes part of DNS names and of a load balancer's."
  }
}

variable "vpc_id" {
  description = "VPC of the brokers."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-z]+$", var.vpc_id))
    error_message = "vpc_id must look like vpc-0123456789abcdef0."
  }
}

variable "brokers" {
  description = <<-EOT
    The brokers, by the number each has for ever (node.id). A map and not a count: adding, removing or replacing one touches no other.
    instance_type and private_ip are this broker's own, where it has one. A change of subnet_id or private_ip is refused unless -replace names that broker's interface: its machine is replaced with it.
  EOT
  type = map(object({
    availability_zone = string
    subnet_id         = string
    instance_type     = optional(string)
    private_ip        = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for id in keys(var.brokers) : can(regex("^(0|[1-9][0-9]{0,8})$", id))])
    error_message = "The keys of brokers are their numbers (node.id), such as \"1\"."
  }

  validation {
    condition     = length(var.brokers) >= 3
    error_message = "A cluster has at least 3 brokers."
  }

  validation {
    condition     = alltrue([for broker in var.brokers : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+(-[a-z]+-[0-9]+)?[a-z]$", broker.availability_zone))])
    error_message = "availability_zone must be a zone's name, such as eu-central-1a: the brokers' racks are called by it."
  }

  validation {
    condition     = alltrue([for broker in var.brokers : can(regex("^subnet-[0-9a-z]+$", broker.subnet_id))])
    error_message = "subnet_id must look like subnet-0123456789abcdef0."
  }

  validation {
    condition     = length(distinct([for broker in var.brokers : regex("^[a-z]{2}(?:-[a-z]+)+-[0-9]+", broker.availability_zone)])) <= 1
    error_message = "All brokers are in one region: between regions acknowledging takes too long, and traffic costs."
  }

  validation {
    condition     = alltrue([for broker in var.brokers : broker.private_ip == null || can(cidrnetmask("${coalesce(broker.private_ip, "x")}/32"))])
    error_message = "private_ip must be an IPv4 address."
  }
}

variable "voters" {
  description = "Ids of the brokers that keep the metadata and elect the controller (cluster.voters): 3, 5 or 7. Stays as it is when brokers are added."
  type        = list(string)
  nullable    = false

  validation {
    condition     = contains([3, 5, 7], length(var.voters)) && length(distinct(var.voters)) == length(var.voters)
    error_message = "voters must be 3, 5 or 7 different ids."
  }
}

variable "form_cluster" {
  description = "The order to form the cluster, given once: true in the first apply of a new cluster, false ever after. Brokers made with it join a cluster that is there already all the same."
  type        = bool
  default     = false
  nullable    = false
}

variable "replaceable" {
  description = "Id of the broker whose machine may be ended next: it is not protected (disable_api_termination) as long as it is named here. Empty, but for the step before a replacement: README.md, \"Rolling\"."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.replaceable) <= 1
    error_message = "replaceable must name one broker at most: they are replaced one after the other."
  }
}

variable "instance_type" {
  description = "Type of the brokers' machines. With disk.kind instance-store, one with local NVMe."
  type        = string
  default     = "i4g.large"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.instance_type))
    error_message = "instance_type must look like i4g.large."
  }
}

variable "disk" {
  description = <<-EOT
    Where records are until they are in the bucket, and as long as local retention wants.
    kind instance-store: the NVMe disks of the machine, several as RAID 0; fastest and cheapest, gone when the machine stops, so that a broker takes from the others what it had.
    kind ebs: one volume of EBS (gp3) for each broker, which outlives the machine; size_gib (it can grow, but not shrink: AWS refuses that), iops and throughput_mib_s are its own, kms_key_arn encrypts it (null: the account's key for EBS; of volumes that are there it is ignored).
    The kind stays what it was when the cluster was made.
  EOT
  type = object({
    kind             = optional(string, "instance-store")
    size_gib         = optional(number, 200)
    iops             = optional(number, 3000)
    throughput_mib_s = optional(number, 250)
    kms_key_arn      = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["instance-store", "ebs"], var.disk.kind)
    error_message = "disk.kind must be instance-store or ebs."
  }

  validation {
    condition     = var.disk.size_gib >= 10 && var.disk.size_gib <= 16384
    error_message = "disk.size_gib must be 10 to 16384."
  }

  validation {
    condition     = var.disk.iops >= 3000 && var.disk.iops <= 16000 && var.disk.throughput_mib_s >= 125 && var.disk.throughput_mib_s <= 1000
    error_message = "disk.iops must be 3000 to 16000, disk.throughput_mib_s 125 to 1000 (gp3)."
  }
}

variable "image_id" {
  description = "Image of the machines. Null: the newest Amazon Linux 2023 when a machine is made. Others need dnf or apt-get, cloud-init, and the AWS CLI for secrets and releases in S3."
  type        = string
  default     = null

  validation {
    condition     = var.image_id == null || can(regex("^ami-[0-9a-z]+$", var.image_id))
    error_message = "image_id must look like ami-0123456789abcdef0."
  }
}

variable "release" {
  description = "The release that machines install when they are made: firn-VERSION.tar.gz by https:// or s3://, and its SHA-256. Nothing secret, as the URL can be read in the state and by everybody who may look at an instance: s3:// with the role instead. A change reaches machines that are there only by replacing them, one after the other."
  type = object({
    url    = string
    sha256 = string
  })
  nullable = false

  validation {
    condition     = can(regex("^(https|s3)://[A-Za-z0-9._~:/?#@!&*+,;=%-]+$", var.release.url))
    error_message = "release.url must begin with https:// or s3://, and have no quotes, spaces or other characters that a URL does not have."
  }

  validation {
    condition     = !can(regex("^[a-z0-9]+://[^/]*@", var.release.url)) && !can(regex("(?i)x-amz-", var.release.url))
    error_message = "release.url must have neither a user nor a signature (X-Amz-…): it can be read in the state and by everybody who may look at an instance. Take s3:// with the role instead."
  }

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.release.sha256))
    error_message = "release.sha256 must be 64 lower-case hexadecimal digits."
  }
}

variable "java_packages" {
  description = "Package with a Java runtime of 17 or later, for images with dnf and for those with apt-get."
  type = object({
    dnf = optional(string, "java-17-amazon-corretto-headless")
    apt = optional(string, "openjdk-17-jre-headless")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in [var.java_packages.dnf, var.java_packages.apt] : can(regex("^[A-Za-z0-9][A-Za-z0-9.+_-]*$", name))])
    error_message = "java_packages must be names of packages."
  }
}

variable "java_options" {
  description = "Further JVM options of the brokers (FIRN_JAVA_OPTS), such as -Xmx2g. Nothing secret: they can be read in the state and by everybody who may look at an instance."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9 ._:/=,+-]*$", var.java_options))
    error_message = "java_options may have letters, digits, spaces and ._:/=,+- only."
  }
}

variable "bucket" {
  description = "Name of the bucket, the same for all brokers (output bucket of the module storage)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be the name of a bucket."
  }
}

variable "prefix" {
  description = "Prefix below which the cluster writes (cold.prefix), the same as the module iam has."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.prefix == "" || can(regex("^[A-Za-z0-9_=.-]+(/[A-Za-z0-9_=.-]+)*$", var.prefix))
    error_message = "prefix must be words of letters, digits and _=.- with single slashes between them, and none at the ends."
  }
}

variable "instance_profile_name" {
  description = "Instance profile with the brokers' role (output of the module iam)."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,128}$", var.instance_profile_name))
    error_message = "instance_profile_name must be the name of an instance profile, not its ARN."
  }
}

variable "role_arn" {
  description = "ARN of that role (output of the module iam), for those who read the output role; nothing is done with it."
  type        = string
  default     = null

  validation {
    condition     = var.role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.role_arn))
    error_message = "role_arn must be the ARN of a role."
  }
}

variable "settings" {
  description = "Further settings of the brokers, by Firn's keys, such as \"topic.defaults.local.retention.ms\". Nothing secret: they can be read in the state and by everybody who may look at an instance."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.settings) : can(regex("^[a-z]+(\\.[a-z0-9_-]+)+$", key))])
    error_message = "The keys of settings are Firn's, with dots, such as \"log.durability\"."
  }

  validation {
    condition     = alltrue([for value in values(var.settings) : !strcontains(value, "\n")])
    error_message = "The values of settings have one line each."
  }

  validation {
    condition     = !anytrue([for key in keys(var.settings) : can(regex("(access|secret)[.-]key$", key))])
    error_message = "Keys of a bucket or of AWS (cold.access.key, cold.secret.key and the like) do not belong in settings, from where they get into the state: brokers have a role, or use secret_settings."
  }
}

variable "secret_settings" {
  description = "Settings whose values are secrets of AWS Secrets Manager (text of one line, with the key aws/secretsmanager), by Firn's keys, as ARNs. Read by the machine at each start; the module iam gets the same ARNs."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.secret_settings) : can(regex("^[a-z]+(\\.[a-z0-9]+)+$", key))])
    error_message = "The keys of secret_settings are Firn's, with dots, such as \"cold.secret.key\"."
  }

  validation {
    condition     = alltrue([for arn in values(var.secret_settings) : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", arn))])
    error_message = "The values of secret_settings are ARNs of secrets (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX), never secrets."
  }
}

variable "client_cidrs" {
  description = "IPv4 ranges whose machines may connect as Kafka clients. By names that stay, such as { apps = \"10.1.0.0/16\" }; none by default."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.client_cidrs) : can(cidrnetmask(cidr)) && can(regex("/([89]|[12][0-9]|3[0-2])$", cidr))])
    error_message = "client_cidrs must be IPv4 ranges of /8 or smaller: brokers ask nobody who they are, so nobody but your own networks may reach them."
  }
}

variable "client_security_group_ids" {
  description = "Security groups whose machines may connect as Kafka clients, by names that stay."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.client_security_group_ids) : can(regex("^sg-[0-9a-z]+$", id))])
    error_message = "client_security_group_ids must look like { orders = \"sg-0123456789abcdef0\" }."
  }
}

variable "monitoring_cidrs" {
  description = "IPv4 ranges whose machines may read metrics and health, and use the HTTP interface that drains and removes brokers: Prometheus' and operators'. By names that stay; none by default."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.monitoring_cidrs) : can(cidrnetmask(cidr)) && can(regex("/([89]|[12][0-9]|3[0-2])$", cidr))])
    error_message = "monitoring_cidrs must be IPv4 ranges of /8 or smaller."
  }
}

variable "egress_cidrs" {
  description = "IPv4 ranges that brokers may reach by HTTPS, beside the bucket: where the release, packages, SSM and Secrets Manager are. With interface endpoints, the VPC's own range is enough. By names that stay; none by default."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.egress_cidrs) : can(cidrnetmask(cidr))])
    error_message = "egress_cidrs must be IPv4 ranges."
  }
}

variable "s3_endpoint_route_table_ids" {
  description = "Route tables of the brokers' subnets, for a gateway endpoint of S3 that is made here: traffic to the bucket then costs nothing. Empty: there is one already, or none is wanted."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.s3_endpoint_route_table_ids : can(regex("^rtb-[0-9a-z]+$", id))])
    error_message = "s3_endpoint_route_table_ids must look like rtb-0123456789abcdef0."
  }
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3 in the region, where the gateway endpoint is not made here: what brokers may reach S3 by."
  type        = string
  default     = null

  validation {
    condition     = var.s3_prefix_list_id == null || can(regex("^pl-[0-9a-z]+$", var.s3_prefix_list_id))
    error_message = "s3_prefix_list_id must look like pl-0123456789abcdef0."
  }
}

variable "dns_zone" {
  description = "Private zone of the brokers' names, NAME-ID.ZONE, and of the bootstrap name, NAME.ZONE. One is made for the VPC, or with create = false the one with this id is used."
  type = object({
    name   = optional(string, "firn.internal")
    create = optional(bool, true)
    id     = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.dns_zone.name))
    error_message = "dns_zone.name must be a name such as firn.internal, without a dot at the end."
  }

  validation {
    condition     = var.dns_zone.create == (var.dns_zone.id == null)
    error_message = "dns_zone needs an id with create = false, and has none otherwise."
  }
}

variable "load_balancer" {
  description = "Whether the bootstrap name is that of an internal network load balancer, which knows by the brokers' health page where to send clients. Without it the name has the addresses of all brokers, which costs nothing; clients try them one after the other."
  type        = bool
  default     = false
  nullable    = false
}

variable "root_volume_gib" {
  description = "Size of the disk the system is on."
  type        = number
  default     = 16
  nullable    = false

  validation {
    condition     = var.root_volume_gib >= 8 && var.root_volume_gib <= 1024
    error_message = "root_volume_gib must be 8 to 1024."
  }
}

variable "alarm_actions" {
  description = "What alarms notify: ARNs of SNS topics and the like."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_actions : can(regex("^arn:aws[a-z-]*:.+$", arn))])
    error_message = "alarm_actions must be ARNs."
  }
}

variable "tags" {
  description = "Tags of everything that is made here."
  type        = map(string)
  default     = {}
  nullable    = false
}
