variable "given" {
  type = string
}
resource "terraform_data" "inner" {
  count = var.given > 4 ? 1 : 0
  input = var.given
}
output "doubled" {
  value = var.given * 2
}
