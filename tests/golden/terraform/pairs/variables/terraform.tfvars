name = "from-tfvars"
size = 2
