variable "given" {}
resource "terraform_data" "inner" {
  input = upper(var.given)
}
