"""Where files come from: credentials, labels, consent, and the verdict on any file."""
