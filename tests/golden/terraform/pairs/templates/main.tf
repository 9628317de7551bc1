locals {
  names = ["a", "b"]
  on    = true
}
resource "terraform_data" "texts" {
  input = {
    plain = <<EOT
  two spaces
    four ${local.on}
EOT
    indented = <<-EOT
      line ${local.names[0]}
        more

      $${escaped} %%{escaped}
      %{ if local.on }on%{ else }off%{ endif }
      %{ for name in local.names ~}
      item ${name}
      %{ endfor ~}
      last
    EOT
    tight = <<-EOT
      %{~ for i, name in local.names }
      ${i}:${name}
      %{~ endfor }
    EOT
    mixed = <<-EOT
        deep
      ${local.names[1]} first
	tab
      end
    EOT
    blank = <<-EOT

      after a blank line
         
      before spaces
    EOT
    quoted   = "a ${~ "b" ~} c %{ if false }x%{ endif }d"
    nested   = "x${"y${"z${1 + 1}"}"}"
    json     = jsonencode({ b = [1, 2.5], a = { "<" = null } })
    yaml     = yamlencode({ list = ["a", { b = true }], text = "x\ny" })
    file     = templatefile("${path.module}/greeting.tftpl", { name = "Eve", ports = [80, 443], on = false })
    read     = file("${path.module}/notes.txt")
    decoded  = jsondecode(file("data.json")).list[1]
    missing  = fileexists("${path.module}/nope.txt")
    set      = fileset(path.module, "*.txt")
    sub      = fileset("${path.module}", "sub/**/*.json")
    md5      = filemd5("notes.txt")
    base64   = filebase64("notes.txt")
    yaml_in  = yamldecode(file("data.yaml"))
    windows  = "a\r\nb"
  }
}
