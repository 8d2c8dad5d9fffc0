variable "directory" {
  description = "Directory of everything; data/ in this folder if not given."
  type        = string
  default     = null
}

variable "firn" {
  description = "The launcher, where it is not the one of this checkout."
  type        = string
  default     = null
}

variable "brokers" {
  description = "The brokers and their ports."
  type        = map(object({ kafka = number, peer = number, http = number, cluster = number }))
  default = {
    "1" = { kafka = 9092, peer = 9093, http = 9094, cluster = 9095 }
    "2" = { kafka = 9192, peer = 9193, http = 9194, cluster = 9195 }
    "3" = { kafka = 9292, peer = 9293, http = 9294, cluster = 9295 }
  }
}
