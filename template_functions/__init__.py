"""What template functions compute, without any rule about who may call them with what: see docs/adr/0002."""
