variable "regions" {
  default = ["west", "north"]
}
module "net" {
  source   = "./net"
  for_each = toset(var.regions)
  name     = each.key
  number   = length(each.value)
}
module "counted" {
  source = "./net"
  count  = 2
  name   = "n${count.index}"
}
module "off" {
  source = "./net"
  count  = 0
  name   = "off"
}
module "single" {
  source = "./net"
  name   = module.net["west"].name
  number = module.counted[1].deep.inner
}
resource "terraform_data" "out" {
  input = {
    names   = [for name, one in module.net : "${name}=${one.name}"]
    list    = module.counted[*].name
    inner   = module.single.deep
    nothing = length(module.off)
    id      = module.single.id
    ids     = { for name, one in module.net : name => one.id }
  }
}
