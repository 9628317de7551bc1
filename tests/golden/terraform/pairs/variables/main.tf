variable "name" {
  type = string
}
variable "size" {
  type    = number
  default = "3"
}
variable "flag" {
  type    = bool
  default = "true"
}
variable "list" {
  type    = list(string)
  default = [1, "b", true]
}
variable "set" {
  type    = set(string)
  default = ["b", "a", "b"]
}
variable "map" {
  type    = map(number)
  default = { b = "2", a = 1 }
}
variable "rules" {
  type = list(object({
    name     = string
    port     = optional(number, 443)
    tags     = optional(map(string), {})
    inner    = optional(object({ on = optional(bool, true), note = optional(string) }), {})
    missing  = optional(string)
    sources  = optional(list(string), ["*"])
  }))
  default = [{ name = "one" }, { name = "two", port = "80", inner = { on = false }, extra = 1 }]
}
variable "pair" {
  type    = tuple([string, number])
  default = ["a", "1"]
}
variable "nothing" {
  default = null
}
variable "not_null" {
  default  = "x"
  nullable = false
}
variable "anything" {
  type    = any
  default = { a = [1, "x"], b = null }
}
locals {
  prefix = "mlops-${var.name}"
  sizes  = [for n in range(var.size) : n * 10]
  tags   = merge({ env = "test", name = local.prefix }, var.flag ? { flag = "on" } : {})
  deep   = { for rule in var.rules : rule.name => { port = rule.port, on = rule.inner.on, note = rule.inner.note } }
  chosen = try(var.anything.c, var.anything.a[1], "none")
}
resource "terraform_data" "all" {
  input = {
    name     = var.name
    size     = var.size
    flag     = var.flag
    list     = var.list
    set      = var.set
    map      = var.map
    rules    = var.rules
    pair     = var.pair
    nothing  = var.nothing
    not_null = var.not_null
    anything = var.anything
    locals   = [local.prefix, local.sizes, local.tags, local.deep, local.chosen]
    null_for = coalesce(var.nothing, "fallback")
    both     = var.flag ? 1 : "a"
    neither  = var.flag == false ? [] : ["x"]
    keys     = keys(var.map)
    text     = "${var.size}/${var.flag}/${join(",", var.set)}"
    path     = [path.module, path.root, basename(path.module)]
  }
}
