variable "name" {}
variable "number" {
  type    = number
  default = 7
}
locals {
  full = "net-${var.name}"
}
resource "terraform_data" "net" {
  input = { name = local.full, number = var.number, path = path.module }
}
module "inner" {
  source = "../inner"
  given  = var.number
}
output "name" {
  value = terraform_data.net.input.name
}
output "id" {
  value = terraform_data.net.id
}
output "deep" {
  value = { inner = module.inner.doubled, name = local.full }
}
