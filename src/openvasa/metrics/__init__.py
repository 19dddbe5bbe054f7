"""Finished videos -> numbers, tables and contact sheets. Uses the product as any program would."""
