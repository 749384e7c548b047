"""Spark's view of the database (`context`)."""
