variable "size" {
  default = 1
}
locals {
  kept    = "kept"
  changed = "before"
}
resource "terraform_data" "one" {
  input            = { size = var.size, kept = local.kept, changed = local.changed }
  triggers_replace = ["old"]
}
