locals {
  changed = "after"
}
resource "terraform_data" "one" {
  triggers_replace = ["new"]
}
