"""Machine learning: tracking (`management`) and evaluators (`utilities`)."""
