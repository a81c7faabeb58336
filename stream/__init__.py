"""The only code of fundwatch that touches Kafka, a clock, the environment, a log or a disk."""
