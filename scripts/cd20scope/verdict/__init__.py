"""From the change of each donor to a verdict per hypothesis."""
