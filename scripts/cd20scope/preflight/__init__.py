"""What names and first cells of the files show before anything is read whole."""
