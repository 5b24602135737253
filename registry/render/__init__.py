"""From results to text: one module for each sort of result, one for the formats."""
