"""The built-in tasks: questions about rooms, each in a module of its own name."""
