"""Terraform: configuration without a plan, and plans and states as `terraform show -json` writes them."""
