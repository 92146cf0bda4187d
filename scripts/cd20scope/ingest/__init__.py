"""From any count file to the counts of one sample."""
