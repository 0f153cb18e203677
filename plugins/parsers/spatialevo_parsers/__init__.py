"""Parsers: from a text to a task's query, or to the reason why not."""
