locals {
  subnets = {
    web = { cidr = 1, open = true }
    db  = { cidr = 2, open = false }
  }
  names = ["a", "b", "c"]
  grid  = { for pair in setproduct(["x", "y"], [1, 2]) : "${pair[0]}-${pair[1]}" => pair }
}
resource "terraform_data" "counted" {
  count = length(local.names)
  input = { index = count.index, name = local.names[count.index], next = element(local.names, count.index + 1) }
}
resource "terraform_data" "each" {
  for_each = local.subnets
  input = {
    key  = each.key
    cidr = cidrsubnet("10.0.0.0/16", 8, each.value.cidr)
    open = each.value.open ? "yes" : "no"
  }
}
resource "terraform_data" "of_set" {
  for_each = toset(concat(local.names, ["a"]))
  input    = "${each.key}=${each.value}"
}
resource "terraform_data" "none" {
  count = length(local.names) > 5 ? 1 : 0
  input = "never"
}
resource "terraform_data" "filtered" {
  for_each = { for name, subnet in local.subnets : name => subnet if subnet.open }
  input    = each.value.cidr
}
resource "terraform_data" "grid" {
  for_each = local.grid
  input    = each.value[1]
}
resource "terraform_data" "references" {
  input = {
    first    = terraform_data.counted[0].input.name
    splat    = terraform_data.counted[*].input
    legacy   = terraform_data.counted.*.input.index
    by_key   = terraform_data.each["web"].input.cidr
    all_keys = keys(terraform_data.each)
    inputs   = [for name, one in terraform_data.each : "${name}:${one.input.cidr}"]
    amount   = length(terraform_data.of_set)
    one      = one(terraform_data.none[*].input)
    values   = values(terraform_data.filtered)[*].input
    computed = terraform_data.counted[1].id
    text     = "prefix-${terraform_data.each["db"].id}"
    tried    = try(terraform_data.none[0].input, "missing")
    chain    = [for one in terraform_data.counted : one.input.name if one.input.index > 0]
  }
}
resource "terraform_data" "chained" {
  for_each = terraform_data.each
  input    = "${each.key}/${each.value.input.open}"
}
resource "terraform_data" "single" {
  input = terraform_data.references[*].input.first
}
