"""What each job needs: its log, its files, and results that appear whole."""
