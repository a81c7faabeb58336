"""What would these rules have said to that history, and was it right? Backtests over the engine of the service."""
