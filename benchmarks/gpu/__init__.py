"""What a step costs on one GPU, and what plain TRL needs for the same rows; see README.md."""
