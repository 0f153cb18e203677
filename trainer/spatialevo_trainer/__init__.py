"""One vision-language model learns by asking and answering questions that the oracle judges."""
