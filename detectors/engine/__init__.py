"""How are facts posted, rules asked and their answers compared? The same for the service, the replay and the tests."""
