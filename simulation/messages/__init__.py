"""What is on the wire: the bodies of the interface's transactions, field by field as wire.md names them."""
