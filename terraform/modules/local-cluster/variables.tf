variable "directory" {
  description = "Directory of everything: a folder for each broker with its settings, data, log and process id, and cold/, which stands for the bucket. Stays when the cluster is destroyed, and is gone on with when it is made again."
  type        = string

  validation {
    condition     = can(regex("^/[^\"'\\\\\n]+$", var.directory))
    error_message = "directory must be an absolute path, without quotes and backslashes."
  }
}

variable "firn" {
  description = "The launcher: ./firn of a checkout, or bin/firn of a release. Null: that of the checkout this module lies in."
  type        = string
  default     = null

  validation {
    condition     = var.firn == null || can(regex("^/", coalesce(var.firn, "x")))
    error_message = "firn must be an absolute path."
  }
}

variable "name" {
  description = "Name of the cluster (cluster.name): brokers of another name are kept away. Null: one made out of the directory's."
  type        = string
  default     = null

  validation {
    condition     = var.name == null || can(regex("^[A-Za-z0-9-]{1,64}$", coalesce(var.name, "-")))
    error_message = "name must be letters, digits and hyphens."
  }
}

variable "brokers" {
  description = "The brokers, by number (node.id), each with its ports on 127.0.0.1."
  type = map(object({
    kafka   = number
    peer    = number
    http    = number
    cluster = number
  }))
  default = {
    "1" = { kafka = 9092, peer = 9093, http = 9094, cluster = 9095 }
    "2" = { kafka = 9192, peer = 9193, http = 9194, cluster = 9195 }
    "3" = { kafka = 9292, peer = 9293, http = 9294, cluster = 9295 }
  }
  nullable = false

  validation {
    condition     = length(var.brokers) >= 3 && alltrue([for id in keys(var.brokers) : can(regex("^(0|[1-9][0-9]{0,8})$", id))])
    error_message = "There are at least 3 brokers, by their numbers, such as \"1\"."
  }

  validation {
    condition = alltrue([for port in flatten([for broker in var.brokers : values(broker)]) : port >= 1 && port <= 65535 && floor(port) == port]) && (
    length(distinct(flatten([for broker in var.brokers : values(broker)]))) == 4 * length(var.brokers))
    error_message = "Each broker has four ports of its own, from 1 to 65535."
  }
}

variable "voters" {
  description = "Ids of the brokers that vote (cluster.voters): 3, 5 or 7."
  type        = list(string)
  default     = ["1", "2", "3"]
  nullable    = false

  validation {
    condition     = contains([3, 5, 7], length(var.voters)) && length(distinct(var.voters)) == length(var.voters)
    error_message = "voters must be 3, 5 or 7 different ids."
  }
}

variable "settings" {
  description = "Further settings of all brokers, by Firn's keys; those of a bucket, say, instead of cold/. A change restarts the brokers. Its keys are none of them: brokers take FIRN_COLD_ACCESS_KEY and FIRN_COLD_SECRET_KEY from the environment that Terraform runs in."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.settings) : can(regex("^[a-z]+(\\.[a-z0-9_-]+)+$", key))])
    error_message = "The keys of settings are Firn's, with dots, such as \"log.durability\"."
  }

  validation {
    condition     = !anytrue([for key in keys(var.settings) : can(regex("(access|secret)[.-]key$", key))])
    error_message = "Keys of a bucket or of AWS do not belong in settings, from where they get into the state: give them as FIRN_COLD_ACCESS_KEY and FIRN_COLD_SECRET_KEY."
  }
}

variable "java_options" {
  description = "Further JVM options of the brokers (FIRN_JAVA_OPTS). Nothing secret: they can be read in the state and by everybody on the machine."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = !strcontains(var.java_options, "\n")
    error_message = "java_options must be one line."
  }
}

variable "wait_seconds" {
  description = "How long a broker may take to be ready and in sync, and to stop."
  type        = number
  default     = 180
  nullable    = false

  validation {
    condition     = var.wait_seconds >= 10 && var.wait_seconds <= 3600
    error_message = "wait_seconds must be 10 to 3600."
  }
}
