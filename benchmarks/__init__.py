"""What does it cost? Each module is a command that prints what it measured, with the machine; never part of the tests."""
