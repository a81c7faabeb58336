"""What crosses a topic: transactions, facts, reference records, snapshots, alerts, labels. Imports nothing of ours."""
